package tasks_test

import (
	"vestibule/internal/storetest"
)

type database = storetest.Database

var (
	variants = storetest.Variants
	with     = storetest.With
	open     = storetest.Open
	migrated = storetest.Migrated

	base      = storetest.Base
	kept      = storetest.Kept
	newUser   = storetest.NewUser
	newHash   = storetest.NewHash
	signedUp  = storetest.SignedUp
	wantError = storetest.WantError

	onBoth        = storetest.OnBoth
	newTask       = storetest.NewTask
	created       = storetest.Created
	listed        = storetest.Listed
	events        = storetest.Events
	event         = storetest.Event
	newOnce       = storetest.NewOnce
	manyTasks     = storetest.ManyTasks
	deleteRemains = storetest.DeleteRemains
	migratedURL   = storetest.MigratedURL
	repeat        = storetest.Repeat
	largest       = storetest.Largest
	rich          = storetest.Rich
	remaining     = storetest.Remaining
	newProxy      = storetest.NewProxy
	hearing       = storetest.Hearing
	host          = storetest.Host
	paged         = storetest.Paged
	orders        = storetest.Orders
	ending        = storetest.Ending
)
