// Command pulumi-resource-command is a small stand-in for the official Command provider, for machines that cannot
// download it: `local.Command` and `local.run` of the SDK `@pulumi/command` 1.2.1, without assets and archives.
package main

import (
	"context"
	"fmt"
	"os"

	"turnout.local/engine/command/local"
)

// version is the version of the SDK whose tokens and semantics are served here.
const version = "1.2.1"

func main() {
	if err := local.NewProvider().Run(context.Background(), "command", version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
