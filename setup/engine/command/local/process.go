package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
)

// killAfter is how long a cancelled command may take to end by itself before it is killed.
const killAfter = 10 * time.Second

// run runs a command to its end and returns what it printed. A command that ends with another code than zero, or that
// cannot be started, is an error that carries everything it printed. When ctx ends, the command and all its
// descendants are asked to end, and killed when they do not.
func run(ctx context.Context, command string, settings RunSettings, previous Output) (Output, error) {
	argv := append(interpreter(settings), command)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = environment(os.Environ(), settings, previous)
	if settings.Dir != nil {
		// Without this check a missing folder reads as a missing interpreter.
		if _, err := os.Stat(*settings.Dir); err != nil {
			return Output{}, fmt.Errorf("the folder to run in: %w", err)
		}
		cmd.Dir = *settings.Dir
	}
	if settings.Stdin != nil && *settings.Stdin != "" {
		cmd.Stdin = strings.NewReader(*settings.Stdin)
	}

	// A process group of its own lets one signal reach the shell and what it started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = killAfter

	show := func(line string) { p.GetLogger(ctx).InfoStatus(line) }
	var stdout, stderr, both bytes.Buffer
	var mutex sync.Mutex
	sink := func(own *bytes.Buffer, shown bool) *lineWriter {
		writer := &lineWriter{mutex: &mutex, to: io.MultiWriter(own, &both)}
		if shown {
			writer.show = show
		}
		return writer
	}
	out, errs := sink(&stdout, settings.Logging.showsStdout()), sink(&stderr, settings.Logging.showsStderr())
	cmd.Stdout, cmd.Stderr = out, errs

	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		// What ignored the first signal goes now; nothing is left behind of a cancelled command.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	out.flush()
	errs.flush()
	if err != nil {
		return Output{}, fmt.Errorf("%w: running %q:\n%s", err, command, both.String())
	}
	return Output{
		Stdout: strings.TrimSuffix(stdout.String(), "\n"),
		Stderr: strings.TrimSuffix(stderr.String(), "\n"),
	}, nil
}

// interpreter returns the program and arguments that get the command as last argument.
func interpreter(settings RunSettings) []string {
	if settings.Interpreter != nil && len(*settings.Interpreter) > 0 {
		return append([]string{}, *settings.Interpreter...)
	}
	return []string{"/bin/sh", "-c"}
}

// environment returns the variables a command sees: the engine's, those of the program, the output of the run before.
func environment(inherited []string, settings RunSettings, previous Output) []string {
	env := append([]string{}, inherited...)
	if settings.Environment != nil {
		for name, value := range *settings.Environment {
			env = append(env, name+"="+value)
		}
	}
	if settings.AddPreviousOutputInEnv != nil && !*settings.AddPreviousOutputInEnv {
		return env
	}
	if previous.Stdout != "" {
		env = append(env, "PULUMI_COMMAND_STDOUT="+previous.Stdout)
	}
	if previous.Stderr != "" {
		env = append(env, "PULUMI_COMMAND_STDERR="+previous.Stderr)
	}
	return env
}

// lineWriter keeps everything written to it and shows it line by line. The mutex is shared by the writers of one
// command, which the operating system feeds at the same time.
type lineWriter struct {
	mutex *sync.Mutex
	to    io.Writer
	show  func(line string)
	rest  []byte
}

func (w *lineWriter) Write(data []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	written, err := w.to.Write(data)
	if w.show == nil {
		return written, err
	}
	w.rest = append(w.rest, data...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return written, err
		}
		w.rest = rest
		w.show(string(line))
	}
}

// flush shows what came after the last newline.
func (w *lineWriter) flush() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(w.rest) > 0 {
		w.show(string(w.rest))
		w.rest = nil
	}
}
