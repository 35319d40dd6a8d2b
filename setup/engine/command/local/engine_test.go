package local

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const urn = "urn:pulumi:test::test::command:local:Command::job"

var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

// engine is the other side of the wire: it drives the provider as the Pulumi engine does and keeps what is logged.
type engine struct {
	rpc.UnimplementedEngineServer
	t        *testing.T
	provider rpc.ResourceProviderServer
	mutex    sync.Mutex
	lines    []string
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{t: t}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := grpc.NewServer()
	rpc.RegisterEngineServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)

	host, err := provider.NewHostClient(listener.Addr().String())
	must(t, err)
	t.Cleanup(func() { _ = host.Close() })
	e.provider, err = p.RawServer("command", "1.2.1", NewProvider())(host)
	must(t, err)
	_, err = e.provider.Configure(t.Context(), &rpc.ConfigureRequest{
		AcceptSecrets: true, SendsOldInputs: true, SendsOldInputsToDelete: true,
	})
	must(t, err)
	return e
}

func (e *engine) Log(_ context.Context, request *rpc.LogRequest) (*emptypb.Empty, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.lines = append(e.lines, request.Message)
	return &emptypb.Empty{}, nil
}

func (e *engine) logged() []string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return slices.Clone(e.lines)
}

// stored is a resource as the engine keeps it between two calls.
type stored struct {
	id      string
	inputs  *structpb.Struct
	outputs *structpb.Struct
}

func (s stored) output(t *testing.T, name string) resource.PropertyValue {
	t.Helper()
	outputs, err := plugin.UnmarshalProperties(s.outputs, wire)
	must(t, err)
	return outputs[resource.PropertyKey(name)]
}

func (e *engine) check(inputs resource.PropertyMap) (*structpb.Struct, []*rpc.CheckFailure) {
	e.t.Helper()
	response, err := e.provider.Check(e.t.Context(), &rpc.CheckRequest{Urn: urn, News: e.marshal(inputs)})
	must(e.t, err)
	return response.Inputs, response.Failures
}

func (e *engine) create(inputs resource.PropertyMap) (stored, error) {
	e.t.Helper()
	return e.createIn(e.t.Context(), inputs, false)
}

func (e *engine) createIn(ctx context.Context, inputs resource.PropertyMap, preview bool) (stored, error) {
	e.t.Helper()
	checked, failures := e.check(inputs)
	if len(failures) > 0 {
		e.t.Fatalf("check failed: %v", failures)
	}
	response, err := e.provider.Create(ctx, &rpc.CreateRequest{Urn: urn, Properties: checked, Preview: preview})
	return stored{response.GetId(), checked, response.GetProperties()}, err
}

// diff returns the changed properties, and which of them replace the resource.
func (e *engine) diff(old stored, inputs resource.PropertyMap) (changes, replaces []string) {
	e.t.Helper()
	checked, _ := e.check(inputs)
	response, err := e.provider.Diff(e.t.Context(), &rpc.DiffRequest{
		Id: old.id, Urn: urn, Olds: old.outputs, OldInputs: old.inputs, News: checked,
	})
	must(e.t, err)
	for path, change := range response.DetailedDiff {
		changes = append(changes, path)
		switch change.Kind {
		case rpc.PropertyDiff_ADD_REPLACE, rpc.PropertyDiff_DELETE_REPLACE, rpc.PropertyDiff_UPDATE_REPLACE:
			replaces = append(replaces, path)
		}
	}
	slices.Sort(changes)
	slices.Sort(replaces)
	return changes, replaces
}

func (e *engine) update(old stored, inputs resource.PropertyMap) (stored, error) {
	e.t.Helper()
	checked, _ := e.check(inputs)
	response, err := e.provider.Update(e.t.Context(), &rpc.UpdateRequest{
		Id: old.id, Urn: urn, Olds: old.outputs, OldInputs: old.inputs, News: checked,
	})
	return stored{old.id, checked, response.GetProperties()}, err
}

func (e *engine) delete(old stored) error {
	e.t.Helper()
	_, err := e.provider.Delete(e.t.Context(), &rpc.DeleteRequest{
		Id: old.id, Urn: urn, Properties: old.outputs, OldInputs: old.inputs,
	})
	return err
}

func (e *engine) invoke(inputs resource.PropertyMap) (resource.PropertyMap, error) {
	e.t.Helper()
	response, err := e.provider.Invoke(e.t.Context(), &rpc.InvokeRequest{Tok: "command:local:run", Args: e.marshal(inputs)})
	if err != nil {
		return nil, err
	}
	outputs, err := plugin.UnmarshalProperties(response.Return, wire)
	must(e.t, err)
	return outputs, nil
}

func (e *engine) marshal(properties resource.PropertyMap) *structpb.Struct {
	e.t.Helper()
	marshaled, err := plugin.MarshalProperties(properties, wire)
	must(e.t, err)
	return marshaled
}

func properties(pairs ...any) resource.PropertyMap {
	result := resource.PropertyMap{}
	for i := 0; i < len(pairs); i += 2 {
		result[resource.PropertyKey(pairs[i].(string))] = resource.NewPropertyValue(pairs[i+1])
	}
	return result
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls a condition until it holds, for at most ten seconds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within ten seconds: %s", what)
}
