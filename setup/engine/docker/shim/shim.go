// Package shim hands out the Terraform provider for Docker.
//
// The provider's constructor lives in an internal package. Go decides who may import that by import path, so this
// module carries a path below the provider's own; nothing else is in it.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider returns a new instance of the Terraform provider for Docker. The version is what it reports as its own.
func NewProvider(version string) *schema.Provider {
	return provider.New(version)()
}
