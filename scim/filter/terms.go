package filter

// Terms is how many comparisons there are in x: what a filter costs at least, and what bounds
// are about. Of nil there are none.
func Terms(x Expr) int {
	n := 0
	switch x := x.(type) {
	case And:
		for _, part := range x {
			n += Terms(part)
		}
	case Or:
		for _, part := range x {
			n += Terms(part)
		}
	case Not:
		n = Terms(x.Expr)
	case Element:
		n = Terms(x.Expr)
	case Compare:
		n = 1
	}
	return n
}
