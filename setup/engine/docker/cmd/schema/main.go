// Command schema writes the Pulumi schema of the bridged provider. It runs once, while the provider is built:
//
//	schema schema --skip-docs --skip-examples --out DIR
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"

	"turnout.local/engine/docker/bridge"
)

func main() {
	tfgen.Main(bridge.Package, bridge.Version, bridge.Provider())
}
