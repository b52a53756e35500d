module github.com/liveroom-io/liveroom-operator/internal/sim/im/conformance

go 1.26.8

require (
	github.com/dobyte/http v0.0.2
	github.com/dobyte/tencent-im v0.1.1
	github.com/liveroom-io/liveroom-operator v0.0.0
)

require golang.org/x/time v0.16.0 // indirect

replace github.com/liveroom-io/liveroom-operator => ../../../..
