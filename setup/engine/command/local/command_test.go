package local

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestCreateRunsTheCommandAndKeepsItsOutput(t *testing.T) {
	e := newEngine(t)
	job, err := e.create(properties("create", "printf 'one\ntwo\n\n'; echo three >&2"))
	must(t, err)
	expect(t, job, "stdout", "one\ntwo\n") // one newline goes, as documented, not all
	expect(t, job, "stderr", "three")
	if job.id == "" {
		t.Error("the resource has no id")
	}
}

func TestCreateWithoutCommandRunsNothing(t *testing.T) {
	job, err := newEngine(t).create(properties("delete", "exit 1"))
	must(t, err)
	expect(t, job, "stdout", "")
}

func TestPreviewRunsNothing(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "ran")
	_, err := newEngine(t).createIn(t.Context(), properties("create", "touch "+marker), true)
	must(t, err)
	if _, err := os.Stat(marker); err == nil {
		t.Error("the command ran in a preview")
	}
}

func TestTriggersAlwaysReplace(t *testing.T) {
	e := newEngine(t)
	cases := map[string]struct{ before, after any }{
		"a value changes":      {[]any{"1", "x"}, []any{"2", "x"}},
		"a value is added":     {[]any{"1"}, []any{"1", "2"}},
		"a value goes":         {[]any{"1", "2"}, []any{"1"}},
		"an object changes":    {[]any{map[string]any{"a": 1.0}}, []any{map[string]any{"a": 2.0}}},
		"there are none after": {[]any{"1"}, nil},
		"there were none":      {nil, []any{"1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			// With `update` given, too: only a trigger replaces, and it always does.
			inputs := func(triggers any) resource.PropertyMap {
				if triggers == nil {
					return properties("create", "true", "update", "true")
				}
				return properties("create", "true", "update", "true", "triggers", triggers)
			}
			job, err := e.create(inputs(c.before))
			must(t, err)
			changes, replaces := e.diff(job, inputs(c.after))
			if len(changes) == 0 || !slices.Equal(changes, replaces) {
				t.Errorf("changes %v, of which replace: %v", changes, replaces)
			}
		})
	}
}

func TestOtherInputsUpdate(t *testing.T) {
	e := newEngine(t)
	job, err := e.create(properties("create", "true", "stdin", "a", "environment", map[string]any{"A": "1"}))
	must(t, err)
	changes, replaces := e.diff(job, properties("create", "true # 2", "stdin", "b", "environment", map[string]any{"A": "2"}))
	if want := []string{"create", "environment.A", "stdin"}; !slices.Equal(changes, want) || len(replaces) != 0 {
		t.Errorf("changes %v (want %v), of which replace: %v", changes, want, replaces)
	}
}

func TestUnchangedInputsAreNoChange(t *testing.T) {
	e := newEngine(t)
	inputs := properties("create", "true", "triggers", []any{"1"}, "stdin", "a", "logging", "none")
	job, err := e.create(inputs)
	must(t, err)
	if changes, _ := e.diff(job, inputs); len(changes) != 0 {
		t.Errorf("changes %v", changes)
	}
}

func TestUpdateRunsUpdateElseCreate(t *testing.T) {
	e := newEngine(t)
	job, err := e.create(properties("create", "echo created"))
	must(t, err)
	job, err = e.update(job, properties("create", "echo created", "update", "echo updated"))
	must(t, err)
	expect(t, job, "stdout", "updated")
	job, err = e.update(job, properties("create", "echo created again"))
	must(t, err)
	expect(t, job, "stdout", "created again")
	job, err = e.update(job, properties("delete", "true"))
	must(t, err)
	expect(t, job, "stdout", "created again") // nothing ran, so the earlier output stays
}

func TestUpdateAndDeleteFindTheOutputBefore(t *testing.T) {
	e := newEngine(t)
	show := `echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"`
	job, err := e.create(properties("create", "echo out; echo err >&2"))
	must(t, err)
	updated, err := e.update(job, properties("update", show))
	must(t, err)
	expect(t, updated, "stdout", "out/err")
	without, err := e.update(job, properties("update", show, "addPreviousOutputInEnv", false))
	must(t, err)
	expect(t, without, "stdout", "/")

	file := filepath.Join(t.TempDir(), "deleted")
	job, err = e.create(properties("create", "echo last words", "delete", "echo $PULUMI_COMMAND_STDOUT > "+file))
	must(t, err)
	must(t, e.delete(job))
	if content, _ := os.ReadFile(file); string(content) != "last words\n" {
		t.Errorf("the deletion saw %q", content)
	}
}

func TestDeleteWithoutCommandRunsNothing(t *testing.T) {
	e := newEngine(t)
	job, err := e.create(properties("create", "true"))
	must(t, err)
	must(t, e.delete(job))
}

func TestSecretStdinStaysSecretAndStdoutIsNotMadeOne(t *testing.T) {
	e := newEngine(t)
	inputs := properties("create", "wc -c")
	inputs["stdin"] = resource.MakeSecret(resource.NewProperty("hunter2"))
	job, err := e.create(inputs)
	must(t, err)
	if stdin := job.output(t, "stdin"); !stdin.IsSecret() || stdin.SecretValue().Element.StringValue() != "hunter2" {
		t.Errorf("stdin in the state: %v", stdin)
	}
	expect(t, job, "stdout", "7")
}

func TestAssetsAndArchivesAreRefused(t *testing.T) {
	e := newEngine(t)
	for _, name := range []string{"assetPaths", "archivePaths"} {
		_, failures := e.check(properties("create", "true", name, []any{"*.txt"}))
		if len(failures) != 1 || failures[0].Property != name || failures[0].Reason != unsupportedReason {
			t.Errorf("%s: %v", name, failures)
		}
		_, err := e.invoke(properties("command", "true", name, []any{"*.txt"}))
		if err == nil || !strings.Contains(err.Error(), name+": "+unsupportedReason) {
			t.Errorf("run with %s: %v", name, err)
		}
	}
}

func TestRunIsAFunction(t *testing.T) {
	e := newEngine(t)
	result, err := e.invoke(properties("command", "cat", "stdin", "hello"))
	must(t, err)
	if got := result["stdout"].StringValue(); got != "hello" {
		t.Errorf("stdout %q", got)
	}
	if got := result["command"].StringValue(); got != "cat" {
		t.Errorf("the result does not repeat its inputs: %v", result)
	}
	if _, err := e.invoke(properties("command", "echo why >&2; exit 4")); err == nil ||
		!strings.Contains(err.Error(), "exit status 4") || !strings.Contains(err.Error(), "why") {
		t.Errorf("error %v", err)
	}
}

func TestSchemaHasTheTokensAndPropertiesOfTheSDK(t *testing.T) {
	response, err := newEngine(t).provider.GetSchema(t.Context(), &rpc.GetSchemaRequest{})
	must(t, err)
	for _, name := range []string{
		"command:local:Command", "command:local:run", "command:local:Logging",
		"create", "update", "delete", "triggers", "stdin", "stdout", "stderr", "environment", "interpreter", "dir",
		"logging", "addPreviousOutputInEnv", "assetPaths", "archivePaths",
	} {
		if !strings.Contains(response.Schema, `"`+name+`"`) {
			t.Errorf("%s is not in the schema", name)
		}
	}
}

func expect(t *testing.T, job stored, name, want string) {
	t.Helper()
	value := job.output(t, name)
	if !value.IsString() || value.StringValue() != want {
		t.Errorf("%s is %v, want %q", name, value, want)
	}
}
