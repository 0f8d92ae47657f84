package bff

// PruneEvents and PruneBatch are what the hourly clean-up does to the audit trail,
// and how much at a time.
var PruneEvents = (*Server).pruneEvents

const PruneBatch = pruneBatch
