package scim

// Schemas is what is served: the core schemas, and the extensions of the host. It is fixed
// once it is made, and safe for concurrent use.
type Schemas struct {
	extensions []Extension
}
