"""The recipe of a Go build: `go.mod` and `go.sum`, made by `go mod tidy`, name every module of the engine by version and hash."""
