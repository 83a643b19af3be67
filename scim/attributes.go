package scim

// ReadAttributes reads what [User.Attributes] or [Group.Attributes] was kept as, by
// encoding/json or any other writer of JSON: for [UserOf] and [GroupOf], and quicker than a
// decoder that knows nothing of SCIM. b must not be changed afterwards. The error is an
// *[Error], about b as if a client had sent it.
func ReadAttributes(b []byte) (map[string]any, error) { return decode(b) }
