package local

import (
	"context"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command is the resource `command:local:Command`: commands tied to the creation, update and deletion of a resource.
//
// Secrets flow by name: a secret `stdin` is kept as a secret, and `stdout` does not become one by it. Whoever prints a
// secret marks the output with `additionalSecretOutputs`.
type Command struct{}

// CommandInputs are what a program sets.
type CommandInputs struct {
	RunSettings
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
}

// CommandState is what the engine keeps: the inputs and the output of the last run.
type CommandState struct {
	CommandInputs
	Output
}

var (
	_ infer.CustomResource[CommandInputs, CommandState] = (*Command)(nil)
	_ infer.CustomCheck[CommandInputs]                  = (*Command)(nil)
	_ infer.CustomUpdate[CommandInputs, CommandState]   = (*Command)(nil)
	_ infer.CustomDelete[CommandState]                  = (*Command)(nil)
)

// Annotate sets the token and the descriptions of the schema.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(&c, "A command that runs on this machine when the resource is created, updated or deleted.")
	a.SetToken("local", "Command")
}

// Annotate describes the inputs for the schema.
func (i *CommandInputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Triggers, "Values of any kind; when one changes, the resource is replaced.")
	a.Describe(&i.Create, "The command to run when the resource is created, and when it is updated and has no `update`.")
	a.Describe(&i.Update, "The command to run when the resource is updated. Without it `create` runs again.")
	a.Describe(&i.Delete, "The command to run when the resource is deleted.")
}

// Check refuses the inputs that this provider does not know how to serve.
func (*Command) Check(ctx context.Context, request infer.CheckRequest) (infer.CheckResponse[CommandInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CommandInputs](ctx, request.NewInputs)
	if err != nil {
		return infer.CheckResponse[CommandInputs]{}, err
	}
	for _, property := range inputs.unsupported() {
		failures = append(failures, p.CheckFailure{Property: property, Reason: unsupportedReason})
	}
	return infer.CheckResponse[CommandInputs]{Inputs: inputs, Failures: failures}, nil
}

// Create runs `create`, if there is one.
func (*Command) Create(
	ctx context.Context, request infer.CreateRequest[CommandInputs],
) (infer.CreateResponse[CommandState], error) {
	state := CommandState{CommandInputs: request.Inputs}
	id, err := resource.NewUniqueHex(request.Name, 8, 0)
	if err == nil && !request.DryRun && request.Inputs.Create != nil {
		state.Output, err = run(ctx, *request.Inputs.Create, request.Inputs.RunSettings, Output{})
	}
	return infer.CreateResponse[CommandState]{ID: id, Output: state}, err
}

// Update runs `update`, or `create` where there is no `update`. With neither, the earlier output stays.
func (*Command) Update(
	ctx context.Context, request infer.UpdateRequest[CommandInputs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandInputs: request.Inputs, Output: request.State.Output}
	command := request.Inputs.Update
	if command == nil {
		command = request.Inputs.Create
	}
	var err error
	if !request.DryRun && command != nil {
		state.Output, err = run(ctx, *command, request.Inputs.RunSettings, request.State.Output)
	}
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs `delete`, if there is one.
func (*Command) Delete(ctx context.Context, request infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	if request.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, err := run(ctx, *request.State.Delete, request.State.RunSettings, request.State.Output)
	return infer.DeleteResponse{}, err
}
