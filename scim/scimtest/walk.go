package scimtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// Report is what came of a [Walk].
type Report struct {
	Client   string
	Steps    []Step
	Requests int      // that the client has sent
	Notes    []string // of the client
}

// Step is one step of a walk.
type Step struct {
	Name     string
	Requests int
}

func (r Report) String() string {
	return fmt.Sprintf("%s: %d steps, %d requests", r.Client, len(r.Steps), r.Requests)
}

// Walk takes a client through the life of a directory: a test of the connection, people and a
// group that come, change, are deactivated, come again under another name, and go. After each
// step it reads from the mount, by requests of its own, what should have come of it. The error
// names the first step that failed. What it made is deleted in the end, also then.
func Walk(ctx context.Context, c Client) (Report, error) {
	w := &walk{Client: c, target: c.Target(), report: Report{Client: c.Name()}}
	for i := range w.people {
		w.people[i].Person = Person{ExternalID: newText(), UserName: w.target.userName(), Given: "Given" + fmt.Sprint(i),
			Family: "Family", Department: "Sales"}
	}
	w.team = Team{ExternalID: newText(), Name: newText()}
	var failed error
	for _, s := range w.steps() {
		before := c.Requests()
		if err := s.run(ctx); err != nil {
			failed = fmt.Errorf("scimtest: %s: %s: %w", c.Name(), s.name, err)
			break
		}
		w.report.Steps = append(w.report.Steps, Step{s.name, c.Requests() - before})
	}
	w.report.Requests, w.report.Notes = c.Requests(), c.Notes()
	return w.report, errors.Join(failed, w.clean(ctx))
}

// walk is one walk: three people and a team.
type walk struct {
	Client
	target Target
	report Report
	people [3]struct {
		Person
		id string
	}
	team  Team
	group string
}

type step struct {
	name string
	run  func(ctx context.Context) error
}

func (w *walk) steps() []step {
	return []step{
		{"test of the connection", w.TestConnection},
		{"people come", w.come},
		{"people come who are there", w.comeAgain},
		{"a person changes", w.change},
		{"a group comes", w.found},
		{"members come", w.join},
		{"the group is renamed", w.rename},
		{"a member goes", w.leave},
		{"all members are pushed", w.push},
		{"a person is deactivated", w.deactivate},
		{"the person comes again", w.reactivate},
		{"a person comes again under another name", w.returnAs},
		{"everybody is listed", w.list},
		{"the group is emptied", w.empty},
		{"the group goes", w.disband},
		{"people go", w.depart},
	}
}

// read is a resource as it is now.
func (w *walk) read(ctx context.Context, path string, status int) (map[string]any, error) {
	r, err := w.target.send(ctx, call{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	if r.status != status {
		return nil, fmt.Errorf("status %d, want %d\n%v", r.status, status, r)
	}
	return r.json, nil
}

// person compares what is kept of the nth person.
func (w *walk) person(ctx context.Context, n int, active bool) error {
	p := w.people[n]
	got, err := w.read(ctx, "/Users/"+p.id, http.StatusOK)
	if err != nil {
		return err
	}
	work, _ := got["emails"].([]any)
	var address any
	for _, m := range work {
		if dig(m, "primary") == true {
			address = dig(m, "value")
		}
	}
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"userName", lower(got["userName"]), lower(p.UserName)},
		{"active", got["active"], active},
		{"externalId", got["externalId"], p.ExternalID},
		{"givenName", dig(got, "name", "givenName"), p.Given},
		{"familyName", dig(got, "name", "familyName"), p.Family},
		{"the primary address", lower(address), lower(p.UserName)},
	} {
		if c.got != c.want {
			return fmt.Errorf("%s is %v, want %v\n%s", c.name, c.got, c.want, marshal(got))
		}
	}
	department := dig(got, scim.EnterpriseSchema, "department")
	if department != nil && department != p.Department {
		return fmt.Errorf("the department is %v, want %v\n%s", department, p.Department, marshal(got))
	}
	if got["password"] != nil {
		return errors.New("the mount tells the password")
	}
	return nil
}

// lower is a text in lower case: addresses may be kept so.
func lower(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	return strings.ToLower(s)
}

// holds compares the group's name and members.
func (w *walk) holds(ctx context.Context, people ...int) error {
	got, err := w.read(ctx, "/Groups/"+w.group, http.StatusOK)
	if err != nil {
		return err
	}
	want := []string{}
	for _, n := range people {
		want = append(want, w.people[n].id)
	}
	slices.Sort(want)
	if have := memberIDs(got); !slices.Equal(have, want) {
		return fmt.Errorf("members are %q, want %q", have, want)
	}
	if got["displayName"] != w.team.Name {
		return fmt.Errorf("the name is %v, want %q", got["displayName"], w.team.Name)
	}
	return nil
}

func (w *walk) come(ctx context.Context) error {
	for n := range w.people {
		id, err := w.CreateUser(ctx, w.people[n].Person)
		if err != nil {
			return err
		}
		w.people[n].id = id
		if err := w.person(ctx, n, true); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) comeAgain(ctx context.Context) error {
	id, err := w.CreateUser(ctx, w.people[0].Person)
	if err == nil && id != w.people[0].id {
		err = fmt.Errorf("id %q, want that of before, %q", id, w.people[0].id)
	}
	if err != nil {
		return err
	}
	return w.person(ctx, 0, true)
}

func (w *walk) change(ctx context.Context) error {
	p := &w.people[0].Person
	p.Given, p.Family, p.Department = "Änne", "O'Grady-Müller", "Support"
	if err := w.UpdateUser(ctx, w.people[0].id, *p); err != nil {
		return err
	}
	return w.person(ctx, 0, true)
}

func (w *walk) found(ctx context.Context) error {
	id, err := w.CreateGroup(ctx, w.team)
	if err != nil {
		return err
	}
	w.group = id
	return w.holds(ctx)
}

func (w *walk) join(ctx context.Context) error {
	if err := w.AddMembers(ctx, w.group, w.people[0].id, w.people[1].id); err != nil {
		return err
	}
	if err := w.AddMembers(ctx, w.group, w.people[1].id); err != nil {
		return err
	}
	return w.holds(ctx, 0, 1)
}

func (w *walk) rename(ctx context.Context) error {
	w.team.Name = newText()
	if err := w.RenameGroup(ctx, w.group, w.team.Name); err != nil {
		return err
	}
	return w.holds(ctx, 0, 1)
}

func (w *walk) leave(ctx context.Context) error {
	if err := w.RemoveMembers(ctx, w.group, w.people[0].id); err != nil {
		return err
	}
	return w.holds(ctx, 1)
}

func (w *walk) push(ctx context.Context) error {
	if err := w.PushMembers(ctx, w.group, w.people[1].id, w.people[2].id); err != nil {
		return err
	}
	return w.holds(ctx, 1, 2)
}

func (w *walk) deactivate(ctx context.Context) error {
	if err := w.Deactivate(ctx, w.people[1].id); err != nil {
		return err
	}
	return w.person(ctx, 1, false)
}

// reactivate also asks that groups are as they were: no client sends them again.
func (w *walk) reactivate(ctx context.Context) error {
	id, err := w.Reactivate(ctx, w.people[1].Person)
	if err == nil && id != w.people[1].id {
		err = fmt.Errorf("id %q, want that of before, %q", id, w.people[1].id)
	}
	if err != nil {
		return err
	}
	if err := w.person(ctx, 1, true); err != nil {
		return err
	}
	return w.holds(ctx, 1, 2)
}

// returnAs is Okta's: nobody has the new name, and the externalId is the same. The others
// change the name of who is there.
func (w *walk) returnAs(ctx context.Context) error {
	p := &w.people[2]
	p.UserName = w.target.userName()
	if _, ok := w.Client.(okta); !ok {
		if err := w.UpdateUser(ctx, p.id, p.Person); err != nil {
			return err
		}
		return w.person(ctx, 2, true)
	}
	if err := w.Deactivate(ctx, p.id); err != nil {
		return err
	}
	id, err := w.Reactivate(ctx, p.Person)
	if err == nil && id != p.id {
		err = fmt.Errorf("id %q, want that of before, %q", id, p.id)
	}
	if err != nil {
		return err
	}
	return w.person(ctx, 2, true)
}

func (w *walk) list(ctx context.Context) error {
	all, err := w.Import(ctx)
	if err != nil {
		return err
	}
	for _, p := range w.people {
		i := slices.IndexFunc(all, func(a Account) bool { return a.ID == p.id })
		if i < 0 {
			return fmt.Errorf("%s is not in the list of %d", p.id, len(all))
		}
		if got := all[i]; !strings.EqualFold(got.UserName, p.UserName) || !got.Active || got.ExternalID != p.ExternalID {
			return fmt.Errorf("%+v in the list, want %+v", got, p.Person)
		}
	}
	return nil
}

func (w *walk) empty(ctx context.Context) error {
	if err := w.PushMembers(ctx, w.group); err != nil {
		return err
	}
	return w.holds(ctx)
}

func (w *walk) disband(ctx context.Context) error {
	if err := w.DeleteGroup(ctx, w.group); err != nil {
		return err
	}
	_, err := w.read(ctx, "/Groups/"+w.group, http.StatusNotFound)
	return err
}

// depart is the end: Okta leaves everybody there, inactive.
func (w *walk) depart(ctx context.Context) error {
	for n, p := range w.people {
		if err := w.DeleteUser(ctx, p.id); err != nil {
			return err
		}
		if _, ok := w.Client.(okta); ok {
			if err := w.person(ctx, n, false); err != nil {
				return err
			}
			continue
		}
		if _, err := w.read(ctx, "/Users/"+p.id, http.StatusNotFound); err != nil {
			return err
		}
	}
	return nil
}

// clean deletes what is left.
func (w *walk) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var paths []string
	if w.group != "" {
		paths = append(paths, "/Groups/"+w.group)
	}
	for _, p := range w.people {
		if p.id != "" {
			paths = append(paths, "/Users/"+p.id)
		}
	}
	var all error
	for _, path := range paths {
		r, err := w.target.send(ctx, call{method: http.MethodDelete, path: path})
		if err == nil && r.status != http.StatusNoContent && r.status != http.StatusNotFound {
			err = fmt.Errorf("scimtest: left behind: %v", r)
		}
		all = errors.Join(all, err)
	}
	return all
}
