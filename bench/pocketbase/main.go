// Command pocketbase is PocketBase with a collection of tasks, each of which only its user
// may read and write: the same access rule as in Vestibule's task API. bench measures it.
//
// With PB_SYNCHRONOUS=FULL each commit is on the disk before it is answered, as Vestibule's are.
// PocketBase's default is NORMAL: a power failure can lose the last commits.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

func main() {
	var config pocketbase.Config
	if os.Getenv("PB_SYNCHRONOUS") == "FULL" {
		config.DBConnect = connectDurably
	}
	app := pocketbase.NewWithConfig(config)
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := createTasks(e.App); err != nil {
			return err
		}
		return e.Next()
	})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

// connectDurably is core.DefaultDBConnect with another synchronous, but for the database of the
// request log.
func connectDurably(path string) (*dbx.DB, error) {
	if filepath.Base(path) != "data.db" {
		return core.DefaultDBConnect(path)
	}
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
}

func createTasks(app core.App) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	tasks := core.NewBaseCollection("tasks")
	tasks.Fields.Add(
		&core.TextField{Name: "title", Required: true, Max: 255},
		&core.TextField{Name: "description", Max: 10_000},
		&core.BoolField{Name: "completed"},
		&core.RelationField{Name: "user", Required: true, MaxSelect: 1, CollectionId: users.Id, CascadeDelete: true},
		&core.AutodateField{Name: "created", OnCreate: true},
		&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	own := types.Pointer("user = @request.auth.id")
	tasks.ListRule, tasks.ViewRule, tasks.CreateRule, tasks.UpdateRule, tasks.DeleteRule = own, own, own, own, own
	tasks.AddIndex("tasks_user", false, "user, created", "")
	return app.Save(tasks)
}
