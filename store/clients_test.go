package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func clientCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"clients are read as they were written":                 clientCase,
		"a client's name is taken once":                         takenClientCase,
		"clients are listed by name":                            listClientsCase,
		"a rotation ends the old secret or keeps one":           rotateClientCase,
		"a deleted client is gone and its events stay":          deleteClientCase,
		"a client's use is noted once a minute":                 useClientCase,
		"a client is used with a secret that it has":            clientSecretCase,
		"clients refuse text that one engine could not hold":    clientTextCase,
		"what is done to a client that is gone changes nothing": goneClientCase,
	}
}

func createdClient(t *testing.T, d *database) store.Client {
	t.Helper()
	c := newClient()
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateClient(c) }); err != nil {
		t.Fatal(err)
	}
	c.CreatedAt = kept(0)
	return c
}

func clientIs(t *testing.T, d *database, want store.Client) {
	t.Helper()
	got, err := d.ClientByID(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func clientEvents(t *testing.T, d *database, id string) []string {
	t.Helper()
	found, err := d.Events(t.Context(), store.EventFilter{ClientID: id}, 100)
	if err != nil {
		t.Fatal(err)
	}
	kinds := make([]string, len(found))
	for i, e := range found {
		kinds[len(found)-1-i] = e.Type
	}
	return kinds
}

func clientCase(t *testing.T, d *database) {
	c := newClient()
	if err := createClient(t, d, c, event(store.EventClientCreated)); err != nil {
		t.Fatal(err)
	}
	c.CreatedAt = kept(0)
	clientIs(t, d, c)
	if byName, err := d.ClientByName(t.Context(), c.Name); err != nil || byName.ID != c.ID {
		t.Errorf("by name: got %+v, %v", byName, err)
	}
	if got := clientEvents(t, d, c.ID); !slices.Equal(got, []string{store.EventClientCreated}) {
		t.Errorf("got events %v", got)
	}
	bare := newClient()
	bare.Scopes, bare.Audiences = nil, nil
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateClient(bare) }); err != nil {
		t.Fatal(err)
	}
	if got, err := d.ClientByID(t.Context(), bare.ID); err != nil || len(got.Scopes)+len(got.Audiences) != 0 {
		t.Errorf("without scopes: got %+v, %v", got, err)
	}
}

func createClient(t *testing.T, d *database, c store.Client, e store.Event) error {
	return d.Tx(t.Context(), "test", func(tx *store.Tx) error { return recordOf(tx, c.ID, e, tx.CreateClient(c)) })
}

func takenClientCase(t *testing.T, d *database) {
	c := createdClient(t, d)
	twin := newClient()
	twin.Name = c.Name
	wantError(t, "the same name", createClient(t, d, twin, event("x")), store.ErrConflict)
	if got := clientEvents(t, d, twin.ID); len(got) != 0 {
		t.Errorf("got events %v of a client that was not made", got)
	}
	clientIs(t, d, c)
}

func listClientsCase(t *testing.T, d *database) {
	var want []string
	for _, name := range []string{"a", "b", "c"} {
		c := newClient()
		c.Name = "listed " + name + c.ID
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateClient(c) }); err != nil {
			t.Fatal(err)
		}
		want = append(want, c.ID)
	}
	all, err := d.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range all {
		if strings.HasPrefix(c.Name, "listed ") {
			got = append(got, c.ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func deleteClientCase(t *testing.T, d *database) {
	c, other := createdClient(t, d), createdClient(t, d)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
		return recordOf(tx, c.ID, event(store.EventClientDeleted), tx.DeleteClient(c.ID))
	}); err != nil {
		t.Fatal(err)
	}
	_, err := d.ClientByID(t.Context(), c.ID)
	wantError(t, "a deleted client", err, store.ErrNotFound)
	if got := clientEvents(t, d, c.ID); !slices.Equal(got, []string{store.EventClientDeleted}) {
		t.Errorf("got events %v", got)
	}
	clientIs(t, d, other)
}

func clientTextCase(t *testing.T, d *database) {
	for name, change := range map[string]func(*store.Client){
		"name":     func(c *store.Client) { c.Name = "a\x00b" },
		"grant":    func(c *store.Client) { c.Grants = []string{"a\x00"} },
		"scope":    func(c *store.Client) { c.Scopes = []string{"a\xff"} },
		"audience": func(c *store.Client) { c.Audiences = []string{"a\x00"} },
	} {
		c := newClient()
		change(&c)
		wantError(t, name, d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateClient(c) }), store.ErrInvalidText)
	}
	_, err := d.ClientByID(t.Context(), "\xff")
	wantError(t, "id", err, store.ErrInvalidText)
	_, err = d.ClientByName(t.Context(), "\x00")
	wantError(t, "name", err, store.ErrInvalidText)
}

func goneClientCase(t *testing.T, d *database) {
	ctx, gone := t.Context(), newClient().ID
	wantError(t, "rotate", d.Tx(ctx, "test", func(tx *store.Tx) error {
		return recordOf(tx, gone, event("x"), tx.RotateClient(gone, newHash(), nil, base()))
	}), store.ErrNotFound)
	wantError(t, "delete", d.Tx(ctx, "test", func(tx *store.Tx) error { return recordOf(tx, gone, event("x"), tx.DeleteClient(gone)) }), store.ErrNotFound)
	use := store.ClientUse{ID: gone, SecretHash: newHash(), At: base()}
	wantError(t, "use", useClient(ctx, d, use, event("x")), store.ErrNoClient)
	e := event("x")
	e.ClientID = gone
	wantError(t, "use with something else", requireClient(ctx, d, use, e), store.ErrNoClient)
	if got := clientEvents(t, d, gone); len(got) != 0 {
		t.Errorf("got events %v of a client that is gone", got)
	}
}
