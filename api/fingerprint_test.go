package api

import (
	"reflect"
	"slices"
	"testing"

	"vestibule/store/tasks"
)

// TestTheFingerprintIsOfAllThatARequestChooses: of a member that is added too. What the
// server sets is different each time.
func TestTheFingerprintIsOfAllThatARequestChooses(t *testing.T) {
	t.Parallel()
	none, err := fingerprint(tasks.Task{})
	if err != nil {
		t.Fatal(err)
	}
	// As earlier versions, which may run beside this one, have written it.
	if want := "f78df93433d7d6f184f8d402d3fdfe4622e5207e79f90397dc81ba42354af290"; none != want {
		t.Errorf("got %s, want %s", none, want)
	}
	for member := range reflect.ValueOf(tasks.Task{}).Fields() {
		var task tasks.Task
		value := reflect.ValueOf(&task).Elem().FieldByIndex(member.Index)
		switch value.Kind() {
		case reflect.String:
			value.SetString("x")
		case reflect.Bool:
			value.SetBool(true)
		case reflect.Int, reflect.Int64:
			value.SetInt(7)
		case reflect.Pointer:
			value.Set(reflect.New(value.Type().Elem()))
		default:
			continue // a time, which the server sets
		}
		got, err := fingerprint(task)
		if err != nil {
			t.Fatal(err)
		}
		if set := slices.Contains(setByServer, member.Name); (got == none) != set {
			t.Errorf("%s: got the fingerprint changed: %t", member.Name, got != none)
		}
	}
}
