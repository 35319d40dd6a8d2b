package local

import (
	"context"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/schema"
)

// NewProvider returns the provider with its one resource, `command:local:Command`, and its one function,
// `command:local:run`.
func NewProvider() p.Provider {
	provider := infer.Provider(infer.Options{
		Metadata: schema.Metadata{
			DisplayName: "Command",
			Description: "Runs commands on this machine as part of a Pulumi program",
			License:     "Apache-2.0",
		},
		Resources: []infer.InferredResource{infer.Resource(&Command{})},
		Functions: []infer.InferredFunction{infer.Function(&Run{})},
	})
	return replaceOnTriggers(provider)
}

// replaceOnTriggers makes every change of `triggers` a replacement. The library compares whole property names with
// its tags, so a change inside the list, reported as `triggers[0]`, would otherwise pass as an update.
func replaceOnTriggers(provider p.Provider) p.Provider {
	diff := provider.Diff
	provider.Diff = func(ctx context.Context, request p.DiffRequest) (p.DiffResponse, error) {
		response, err := diff(ctx, request)
		for path, change := range response.DetailedDiff {
			if path == "triggers" || strings.HasPrefix(path, "triggers[") {
				change.Kind = asReplace(change.Kind)
				response.DetailedDiff[path] = change
			}
		}
		return response, err
	}
	return provider
}

func asReplace(kind p.DiffKind) p.DiffKind {
	switch kind {
	case p.Add:
		return p.AddReplace
	case p.Delete:
		return p.DeleteReplace
	case p.Update:
		return p.UpdateReplace
	default:
		return kind
	}
}
