package storetest

import (
	"context"
	"errors"
	"reflect"

	"github.com/accesssec/accesssec-go/store"
)

// call calls a method with ctx and nothing else, and returns its error.
func call(on any, method string, ctx context.Context) error {
	fn := reflect.ValueOf(on).MethodByName(method)
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 1; i < fn.Type().NumIn(); i++ {
		if fn.Type().IsVariadic() && i == fn.Type().NumIn()-1 {
			break
		}
		args = append(args, reflect.Zero(fn.Type().In(i)))
	}
	out := fn.Call(args)
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

func methodsOf[T any]() []string {
	var names []string
	for m := range reflect.TypeFor[T]().Methods() {
		names = append(names, m.Name)
	}
	return names
}

// testMethods holds for every method there is, those that come later included. The
// arguments are empty: what is checked comes before anything looks at them.
func testMethods(s subject) {
	ended, cancel := context.WithCancel(s.Context())
	cancel()
	for _, method := range methodsOf[store.Store]() {
		s.run("EndedContext/Store."+method, func(s subject) {
			s.want(method, call(s.Store, method, ended), context.Canceled)
		})
	}
	for _, method := range methodsOf[store.Tx]() {
		s.run("EndedContext/Tx."+method, func(s subject) {
			err := s.do(func(tx store.Tx) error {
				s.want(method, call(tx, method, ended), context.Canceled)
				s.want("after that", call(tx, method, s.Context()), store.ErrAborted)
				return nil
			})
			if err == nil {
				s.Error("RunInTx said that an aborted transaction was committed")
			}
		})
		s.run("Aborted/Tx."+method, func(s subject) {
			org := anOrg()
			org.ID = s.withOrg()
			s.refuse("RunInTx", store.ErrExists, func(tx store.Tx) error {
				err := tx.CreateOrg(s.Context(), org)
				s.want(method, call(tx, method, s.Context()), store.ErrAborted)
				s.want(method+" again", call(tx, method, s.Context()), store.ErrAborted)
				return err
			})
		})
		s.run("Over/Tx."+method, func(s subject) {
			var kept, failed store.Tx
			s.must(func(tx store.Tx) error { kept = tx; return nil })
			s.refuse("RunInTx", errBack, func(tx store.Tx) error { failed = tx; return errBack })
			for _, tx := range []store.Tx{kept, failed} {
				err := call(tx, method, s.Context())
				if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
					s.Errorf("after its function returned: %v, want an error of misuse", err)
				}
			}
		})
	}
}
