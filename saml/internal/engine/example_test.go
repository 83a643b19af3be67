package engine_test

import (
	"fmt"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// What is hashed and what is read are the same nodes.
func Example() {
	doc, err := engine.Parse(`<a:x  xmlns:a = "urn:a" xmlns:b='urn:b' z='1' y="&#50;"><a:y/>t</a:x>`, engine.ResponseLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(doc.Root().Canonical()))
	fmt.Println(doc.Root().Is("urn:a", "x"), doc.Root().Attr("y"))

	_, err = engine.Parse(`<x><!-- admin --></x>`, engine.ResponseLimits())
	fmt.Println(err)
	// Output:
	// <a:x xmlns:a="urn:a" y="2" z="1"><a:y></a:y>t</a:x>
	// true 2
	// engine: xml
}
