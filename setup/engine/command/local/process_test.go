package local

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/emptypb"
)

func TestSettingsReachTheProcess(t *testing.T) {
	e := newEngine(t)
	dir := t.TempDir()
	t.Setenv("FROM_THE_ENGINE", "inherited")
	cases := map[string]struct {
		inputs resource.PropertyMap
		stdout string
	}{
		"stdin":                 {properties("create", "cat", "stdin", "a\nb"), "a\nb"},
		"no stdin is empty":     {properties("create", "cat"), ""},
		"dir":                   {properties("create", "pwd", "dir", dir), dir},
		"environment":           {properties("create", "echo $A", "environment", map[string]any{"A": "1"}), "1"},
		"inherited environment": {properties("create", "echo $FROM_THE_ENGINE"), "inherited"},
		"environment wins": {
			properties("create", "echo $FROM_THE_ENGINE", "environment", map[string]any{"FROM_THE_ENGINE": "own"}), "own",
		},
		"interpreter gets the command last": {
			properties("create", "last words", "interpreter", []any{"printf", "<%s>"}), "<last words>",
		},
		"empty interpreter is the default": {properties("create", "echo $0", "interpreter", []any{}), "/bin/sh"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			job, err := e.create(c.inputs)
			must(t, err)
			expect(t, job, "stdout", c.stdout)
		})
	}
}

func TestFailureCarriesExitCodeAndOutput(t *testing.T) {
	_, err := newEngine(t).create(properties("create", "echo half done; echo because >&2; exit 3", "logging", "none"))
	if err == nil {
		t.Fatal("exit code 3 did not fail the resource")
	}
	for _, part := range []string{"exit status 3", "because", "half done"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in the message: %v", part, err)
		}
	}
}

func TestFailureToStartIsAnError(t *testing.T) {
	e := newEngine(t)
	for name, inputs := range map[string]resource.PropertyMap{
		"no such dir":     properties("create", "true", "dir", "/no/such/dir"),
		"no such program": properties("create", "true", "interpreter", []any{"/no/such/program"}),
	} {
		if _, err := e.create(inputs); err == nil || !strings.Contains(err.Error(), "/no/such/") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoggingSelectsWhatIsShown(t *testing.T) {
	cases := map[string][]string{
		"":                {"err", "out"},
		"stdoutAndStderr": {"err", "out"},
		"stdout":          {"out"},
		"stderr":          {"err"},
		"none":            nil,
	}
	for logging, want := range cases {
		t.Run("logging "+logging, func(t *testing.T) {
			e := newEngine(t)
			inputs := properties("create", "echo out; printf err >&2")
			if logging != "" {
				inputs["logging"] = resource.NewProperty(logging)
			}
			job, err := e.create(inputs)
			must(t, err)
			got := e.logged()
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("shown %q, want %q", got, want)
			}
			expect(t, job, "stdout", "out") // what is shown does not change what is kept
			expect(t, job, "stderr", "err")
		})
	}
}

func TestLinesAreShownAsTheyCome(t *testing.T) {
	e := newEngine(t)
	gate := filepath.Join(t.TempDir(), "gate")
	done := make(chan error, 1)
	go func() {
		_, err := e.create(properties("create", "echo first >&2; until [ -e "+gate+" ]; do sleep 0.01; done"))
		done <- err
	}()
	eventually(t, "the first line is shown while the command runs", func() bool {
		return slices.Contains(e.logged(), "first")
	})
	must(t, os.WriteFile(gate, nil, 0o600))
	must(t, <-done)
}

func TestVeryLongLinesAreKept(t *testing.T) {
	job, err := newEngine(t).create(properties("create", "head -c 300000 /dev/zero | tr '\\0' x", "logging", "none"))
	must(t, err)
	if got := len(job.output(t, "stdout").StringValue()); got != 300000 {
		t.Errorf("%d characters kept", got)
	}
}

func TestCancellationEndsTheCommandAndItsChildren(t *testing.T) {
	e := newEngine(t)
	file := filepath.Join(t.TempDir(), "pid")
	done := make(chan error, 1)
	go func() {
		_, err := e.create(properties("create", "sleep 300 & echo $! > "+file+".new; mv "+file+".new "+file+"; wait"))
		done <- err
	}()
	var child int
	eventually(t, "the command has started its child", func() bool {
		content, _ := os.ReadFile(file)
		child, _ = strconv.Atoi(strings.TrimSpace(string(content)))
		return child > 0
	})
	_, err := e.provider.Cancel(t.Context(), &emptypb.Empty{})
	must(t, err)
	if err := <-done; err == nil {
		t.Error("a cancelled command is no success")
	}
	eventually(t, "the child is gone", func() bool { return ended(child) })
}

// ended tells whether a process is gone or only waits for its parent to take note.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}
