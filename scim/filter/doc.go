// Package filter is the query language of SCIM (RFC 7644, section 3.4.2.2) and the paths of its
// PATCH (section 3.5.2). It owns what a filter means: it parses one and prints it, resolves it
// by a schema, and matches it with a resource. It is useful by itself, and imports nothing but
// the standard library.
//
// Begin with [Parse], then [Resolve] with the attributes that there are, then [Match], or make a
// database query of the [Expr]: whatever [Attribute.Key] makes of stored values, kept in an
// index, is what the Key of a [Compare] is compared with, byte by byte.
//
// It refuses what is too long, too deep or of too many parts, what has no one meaning, and what
// has none. Filters and paths come from outside: nothing in here panics on any text. A filter
// is quoted in errors and never in logs, since what people are looked for by is personal.
//
// All functions are safe for concurrent use. What they return is fixed: it is not changed
// later, and who has it does not change it either.
package filter
