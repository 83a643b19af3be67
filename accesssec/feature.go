package accesssec

// Feature is what a plan may lack. See Options.Entitled.
type Feature string

// The features that can be switched on.
const (
	FeatureDomains       Feature = "domains"        // claiming one
	FeatureSSO           Feature = "sso"            // making a connection, and activating one
	FeatureRequireSSO    Feature = "require_sso"    // Settings.RequireSSO
	FeatureIdPManaged    Feature = "idp_managed"    // Settings.IdPManaged
	FeatureBlockExternal Feature = "block_external" // Settings.BlockExternal
)
