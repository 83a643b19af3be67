// Package interop runs this library against implementations written by others. It
// is a module of its own, outside the workspace, so that what it needs never becomes
// a requirement of the library. Run it with GOWORK=off.
//
// crewjam's identity provider is always there. Others have to be installed, and
// their tests say so where they are not:
//
//	.ci/keycloak.sh   Keycloak, fetched and run beside the tests (TestKeycloak...)
//	.ci/xmlsec.sh     xmlsec1, which makes and judges documents (TestXMLSec...)
//	.ci/nsd.sh        NSD and Knot as name servers, Unbound as resolvers (TestNSD)
//	.ci/scim-oracles.sh   npm's scim-patch and scimmy (TestSCIMOracles)
//	.ci/openid.sh     npm's oidc-provider, which signs people in (TestOpenIDProvider)
//
// No key, password or signed document is kept in the tree: all are made by each run.
package interop
