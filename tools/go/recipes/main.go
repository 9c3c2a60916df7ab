// Package main is what the recipes of docs/recipes/ are checked with: the linter of GitHub's workflows, and the engines by
// which Argo CD and Flux judge an object.
//
//	recipes actionlint [flags] FILE...   as github.com/rhysd/actionlint/cmd/actionlint
//	recipes health < REQUEST             how Argo CD, kstatus and Flux see each of the request's objects, as JSON
//	recipes kustomizations < OBJECTS     whether Flux knows every field of the Kustomizations (JSON, one after another)
//	recipes version
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/rhysd/actionlint"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type request struct {
	// Lua is Argo CD's health check.
	Lua string `json:"lua"`
	// Expressions are an item of healthCheckExprs of a Flux Kustomization.
	Expressions json.RawMessage   `json:"expressions"`
	Objects     []json.RawMessage `json:"objects"`
}

// A health that could not be told has the error as its message, and the status "Error".
type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Argo    health `json:"argo"`
	Kstatus health `json:"kstatus"`
	Flux    health `json:"flux"`
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: recipes actionlint FILE... | recipes health < REQUEST"))
	}
	switch os.Args[1] {
	case "actionlint":
		command := actionlint.Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
		os.Exit(command.Main(os.Args[1:]))
	case "health":
		answers, err := judge(context.Background(), os.Stdin)
		if err != nil {
			fail(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
			fail(err)
		}
	case "kustomizations":
		if err := checkKustomizations(os.Stdin); err != nil {
			fail(err)
		}
	case "version":
		fmt.Println(strings.Join(versions(), ", "))
	default:
		fail(fmt.Errorf("there is no command %q", os.Args[1]))
	}
}

func judge(ctx context.Context, input *os.File) ([]answer, error) {
	var asked request
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return nil, fmt.Errorf("the request: %w", err)
	}
	evaluate, err := fluxEvaluator(asked.Expressions)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, 0, len(asked.Objects))
	for _, raw := range asked.Objects {
		// Numbers become int64, as in what these controllers read from an API server.
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("an object: %w", err)
		}
		answers = append(answers, answer{
			Argo:    argoHealth(asked.Lua, object),
			Kstatus: genericStatus(object),
			Flux:    evaluate(ctx, object),
		})
	}
	return answers, nil
}

// versions are those of what is built in, such as "actionlint 1.7.12".
func versions() []string {
	var found []string
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		for path, name := range map[string]string{
			"github.com/rhysd/actionlint":   "actionlint",
			"github.com/yuin/gopher-lua":    "gopher-lua",
			"github.com/fluxcd/pkg/runtime": "Flux runtime",
		} {
			if module.Path == path {
				found = append(found, name+" "+strings.TrimPrefix(module.Version, "v"))
			}
		}
	}
	return found
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
