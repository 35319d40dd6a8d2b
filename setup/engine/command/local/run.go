package local

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// Run is the function `command:local:run`: it runs a command at every preview and every update.
type Run struct{}

// RunInputs are what a program passes.
type RunInputs struct {
	RunSettings
	Command string `pulumi:"command"`
}

// RunResult is what a program gets back: its own inputs and the command's output.
type RunResult struct {
	RunInputs
	Output
}

var _ infer.Fn[RunInputs, RunResult] = (*Run)(nil)

// Annotate sets the token and the description of the schema.
func (r *Run) Annotate(a infer.Annotator) {
	a.Describe(&r, "Runs a command on this machine at every preview and every update.")
	a.SetToken("local", "run")
}

// Annotate describes the inputs for the schema.
func (i *RunInputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Command, "The command to run.")
}

// Invoke runs the command.
func (*Run) Invoke(
	ctx context.Context, request infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunResult], error) {
	if refused := request.Input.unsupported(); len(refused) > 0 {
		return infer.FunctionResponse[RunResult]{}, fmt.Errorf("%s: %s", strings.Join(refused, ", "), unsupportedReason)
	}
	output, err := run(ctx, request.Input.Command, request.Input.RunSettings, Output{})
	return infer.FunctionResponse[RunResult]{Output: RunResult{RunInputs: request.Input, Output: output}}, err
}
