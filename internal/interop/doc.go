// Package interop runs this library against implementations written by others. It
// is a module of its own, outside the workspace, so that what it needs never becomes
// a requirement of the library. Run it with GOWORK=off.
package interop
