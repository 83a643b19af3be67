package sqlstore_test

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// A host that migrates with a tool of its own takes the files, with its names in them.
func ExampleMigrations() {
	files, err := sqlstore.Migrations(sqlstore.PostgreSQL, &sqlstore.Options{Schema: "auth", Prefix: "as_"})
	if err != nil {
		fmt.Println(err)
		return
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			fmt.Println(err)
			return
		}
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "CREATE TABLE auth.as_user") || strings.HasPrefix(line, "CREATE TABLE auth.as_sess") {
				fmt.Print(name, ": ", line)
			}
		}
	}
	// Output:
	// 0001_tables.sql: CREATE TABLE auth.as_sessions (
	// 0002_people.sql: CREATE TABLE auth.as_users (
}
