// Command pulumi-resource-docker is the provider plugin: the Terraform provider for Docker behind the Terraform bridge.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

	"turnout.local/engine/docker/bridge"
)

//go:embed schema.json
var schema []byte

func main() {
	tfbridge.Main(bridge.Package, bridge.Version, bridge.Provider(), schema)
}
