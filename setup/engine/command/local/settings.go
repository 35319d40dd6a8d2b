// Package local implements the module `local` of the Pulumi package `command`, compatible with its SDK 1.2.1.
package local

import "github.com/pulumi/pulumi-go-provider/infer"

// unsupportedReason is the answer to a property that only the official provider serves.
const unsupportedReason = "not supported by the command provider built from source; " +
	"print what you need on stdout, or use the official provider"

// RunSettings say how a command is run.
type RunSettings struct {
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
}

// Annotate describes the settings for the schema and sets their defaults.
func (s *RunSettings) Annotate(a infer.Annotator) {
	a.Describe(&s.Interpreter, "The program and its arguments that get the command as last argument. "+
		"Default: `/bin/sh -c`.")
	a.Describe(&s.Dir, "The folder to run in. Default: the folder of the Pulumi project.")
	a.Describe(&s.Environment, "Environment variables added to those of the engine.")
	a.Describe(&s.Stdin, "Text for the command's standard input.")
	a.Describe(&s.Logging, "Which of the command's outputs are shown while it runs. Default: both.")
	a.Describe(&s.AddPreviousOutputInEnv, "Whether an update or a deletion finds the output of the run before it in "+
		"`PULUMI_COMMAND_STDOUT` and `PULUMI_COMMAND_STDERR`. Default: true.")
	a.SetDefault(&s.AddPreviousOutputInEnv, true)
	a.Describe(&s.AssetPaths, "Not supported.")
	a.Describe(&s.ArchivePaths, "Not supported.")
}

// unsupported returns the names of the properties that are set but not served here.
func (s RunSettings) unsupported() []string {
	var names []string
	if s.AssetPaths != nil {
		names = append(names, "assetPaths")
	}
	if s.ArchivePaths != nil {
		names = append(names, "archivePaths")
	}
	return names
}

// Output is what a command printed, each without its last newline.
type Output struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Annotate describes the outputs for the schema.
func (o *Output) Annotate(a infer.Annotator) {
	a.Describe(&o.Stdout, "What the command printed on standard output.")
	a.Describe(&o.Stderr, "What the command printed on standard error.")
}

// Logging says which outputs of a command are shown while it runs.
type Logging string

// The values of [Logging].
const (
	LogStdout          Logging = "stdout"
	LogStderr          Logging = "stderr"
	LogStdoutAndStderr Logging = "stdoutAndStderr"
	LogNone            Logging = "none"
)

// Values lists the values for the schema.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: LogStdout, Description: "Show standard output only"},
		{Name: "stderr", Value: LogStderr, Description: "Show standard error only"},
		{Name: "stdoutAndStderr", Value: LogStdoutAndStderr, Description: "Show both"},
		{Name: "none", Value: LogNone, Description: "Show nothing"},
	}
}

func (l *Logging) showsStdout() bool {
	return l == nil || *l == LogStdout || *l == LogStdoutAndStderr
}

func (l *Logging) showsStderr() bool {
	return l == nil || *l == LogStderr || *l == LogStdoutAndStderr
}
