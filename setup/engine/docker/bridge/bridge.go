// Package bridge describes the Terraform provider for Docker in the terms of the Pulumi SDK `@pulumi/docker` 5.2.0:
// which resource answers to which token, and where a property's name is not the regular one.
package bridge

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

// Version is the version of the Pulumi SDK whose tokens are served here.
const Version = "5.2.0"

// Package is the name of the Pulumi package.
const Package = "docker"

// Provider returns the description of the provider that the bridge serves.
func Provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(shim.NewProvider(Version)),
		Name:        Package,
		Version:     Version,
		DisplayName: "Docker",
		Description: "Docker resources, bridged from the Terraform provider for Docker",
		License:     "Apache-2.0",
		GitHubOrg:   "kreuzwerker",
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{EnvVars: []string{"DOCKER_HOST"}}},
			"registry_auth": {
				Name:        "registryAuth",
				MaxItemsOne: tfbridge.False(),
			},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_config": {Tok: resource("ServiceConfig")},
			"docker_container": {
				Tok:                 resource("Container"),
				DeleteBeforeReplace: true,
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image":          {Tok: resource("RemoteImage")},
			"docker_network":        {Tok: resource("Network")},
			"docker_plugin":         {Tok: resource("Plugin")},
			"docker_registry_image": {Tok: resource("RegistryImage")},
			"docker_secret":         {Tok: resource("Secret")},
			"docker_service":        {Tok: resource("Service")},
			"docker_tag":            {Tok: resource("Tag")},
			"docker_volume":         {Tok: resource("Volume")},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":          {Tok: function("getRemoteImage")},
			"docker_logs":           {Tok: function("getLogs")},
			"docker_network":        {Tok: function("getNetwork")},
			"docker_plugin":         {Tok: function("getPlugin")},
			"docker_registry_image": {Tok: function("getRegistryImage")},
		},
		// Nothing in Turnout uses these; building with them would only make the provider larger.
		IgnoreMappings: []string{
			"docker_buildx_builder",
			"docker_compose",
			"docker_registry_image_manifests",
		},
	}
	info.SetAutonaming(255, "-")
	return info
}

// resource returns the token of a resource: the module is named after the resource with a small first letter.
func resource(name string) tokens.Type {
	return tokens.Type(Package + ":index/" + lowerFirst(name) + ":" + name)
}

// function returns the token of a function.
func function(name string) tokens.ModuleMember {
	return tokens.ModuleMember(Package + ":index/" + name + ":" + name)
}

func lowerFirst(name string) string {
	return strings.ToLower(name[:1]) + name[1:]
}
