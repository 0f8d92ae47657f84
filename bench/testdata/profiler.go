package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// init profiles the program between SIGUSR1 and SIGUSR2, into cpu.pprof in its folder. bench
// builds the program with this file.
func init() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		<-signals
		file, err := os.Create("cpu.part")
		if err != nil {
			panic(err)
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			panic(err)
		}
		<-signals
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			panic(err)
		}
		if err := os.Rename("cpu.part", "cpu.pprof"); err != nil {
			panic(err)
		}
	}()
}
