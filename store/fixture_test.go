package store_test

import (
	"vestibule/internal/storetest"
)

type (
	database = storetest.Database
)

var (
	variants = storetest.Variants
	migrated = storetest.Migrated

	base       = storetest.Base
	kept       = storetest.Kept
	newUser    = storetest.NewUser
	newHash    = storetest.NewHash
	newSession = storetest.NewSession
	signedUp   = storetest.SignedUp
	exists     = storetest.SessionExists
	wantError  = storetest.WantError

	onBoth         = storetest.OnBoth
	newTask        = storetest.NewTask
	created        = storetest.Created
	event          = storetest.Event
	newClient      = storetest.NewClient
	newKey         = storetest.NewKey
	deleteRemains  = storetest.DeleteRemains
	trail          = storetest.Trail
	useClient      = storetest.UseClient
	ending         = storetest.Ending
	asSession      = storetest.AsSession
	signUp         = storetest.SignUp
	recordOf       = storetest.RecordOf
	requireSubject = storetest.RequireSubject
)
