package sqltest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// taskVariable is how a test binary that starts itself again says what the other process
// is for.
const taskVariable = "ACCESSSEC_TEST_TASK"

// task is what another process does, and where.
type task struct {
	Do             string
	Driver, DSN    string
	Dialect        sqlstore.Dialect
	Prefix, Schema string

	Origin string // of the host to serve
	Secret []byte // the key that it seals with
}

func (k task) database() Database {
	return Database{Driver: k.Driver, Dialect: k.Dialect, DSN: k.DSN, Options: sqlstore.Options{Prefix: k.Prefix, Schema: k.Schema}}
}

func (d Database) task(do string) task {
	return task{Do: do, Driver: d.Driver, DSN: d.DSN, Dialect: d.Dialect, Prefix: d.Options.Prefix, Schema: d.Options.Schema}
}

// given is the task of this process, if it has one.
func given() (task, bool) {
	text := os.Getenv(taskVariable)
	if text == "" {
		return task{}, false
	}
	var k task
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		panic(err)
	}
	return k, true
}

// Main is TestMain of a package that uses this one: it runs the tests, or what another
// process of the same tests has started this one for. Without a database that needs a
// server it runs none, so that the summary says so: "[no tests to run]".
func Main(m *testing.M, needs string) {
	if k, is := given(); is && tasks()[k.Do] != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		if err := tasks()[k.Do](ctx, k); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	if needs != "" && os.Getenv(needs) == "" {
		fmt.Printf("left out: %s names no database; .ci/postgresql.sh makes one\n", needs)
		if err := flag.Set("test.run", "^$"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// tasks are what a process can be started for, but for those that are tests themselves.
func tasks() map[string]func(context.Context, task) error {
	return map[string]func(context.Context, task) error{
		"migrate": migrateTask,
		"serve":   serveTask,
	}
}

// process is another one, at its task.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors bytes.Buffer
}

// start runs this test binary again, for k. It is ended with the test if nobody waits
// for it before.
func start(t testing.TB, k task, flags ...string) *process {
	t.Helper()
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0], flags...)}
	p.cmd.Env = append(os.Environ(), taskVariable+"="+string(text))
	p.cmd.Stderr = &p.errors
	p.cmd.WaitDelay = 10 * time.Second
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	return p
}

// line is the next line that the process says.
func (p *process) line() (string, error) {
	s, err := p.out.ReadString('\n')
	if err != nil {
		return "", errors.Join(err, p.end())
	}
	return strings.TrimSpace(s), nil
}

// say tells the process to go on.
func (p *process) say(s string) error {
	_, err := io.WriteString(p.in, s+"\n")
	return err
}

// end waits for the process, which sees the end of its input, and gives what went wrong.
func (p *process) end() error {
	p.in.Close()
	said, err := io.ReadAll(p.out)
	if err := errors.Join(err, p.cmd.Wait()); err != nil {
		return fmt.Errorf("the other process: %w\n%s%s", err, said, p.errors.String())
	}
	return nil
}

// ready tells the process that started this one, and waits until that says to go on.
func ready(word string) error {
	fmt.Println(word)
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
