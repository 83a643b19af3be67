package sqlstore

// Serialization lets the tests ask which errors mean that a transaction has to be run
// again.
func Serialization(err error) bool { return serialization(err) }
