package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// genericStatus is how kstatus sees an object of a kind that it does not know: kustomize-controller without
// healthCheckExprs, and what else waits by kstatus.
func genericStatus(object *unstructured.Unstructured) health {
	result, err := status.Compute(object)
	if err != nil {
		return health{"Error", err.Error()}
	}
	return health{string(result.Status), result.Message}
}

// fluxEvaluator is the code by which kustomize-controller evaluates an item of healthCheckExprs.
func fluxEvaluator(raw json.RawMessage) (func(context.Context, *unstructured.Unstructured) health, error) {
	var check kustomize.CustomHealthCheck
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&check); err != nil {
		return nil, fmt.Errorf("the expressions: %w", err)
	}
	evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
	if err != nil {
		return nil, fmt.Errorf("the expressions: %w", err)
	}
	return func(ctx context.Context, object *unstructured.Unstructured) health {
		if object.GetAPIVersion() != check.APIVersion || object.GetKind() != check.Kind {
			return health{"Error", fmt.Sprintf("the expressions are for %s %s", check.APIVersion, check.Kind)}
		}
		result, err := evaluator.Evaluate(ctx, object)
		if err != nil {
			return health{"Error", err.Error()}
		}
		return health{string(result.Status), result.Message}
	}, nil
}

// checkKustomizations reads Kustomizations, as JSON one after another, into the type of kustomize-controller. An unknown
// field is an error.
func checkKustomizations(input io.Reader) error {
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	for decoder.More() {
		var object kustomizev1.Kustomization
		if err := decoder.Decode(&object); err != nil {
			return fmt.Errorf("a Kustomization: %w", err)
		}
		if object.APIVersion != kustomizev1.GroupVersion.String() || object.Kind != kustomizev1.KustomizationKind {
			return fmt.Errorf("%s %s is no Kustomization of Flux", object.APIVersion, object.Kind)
		}
	}
	return nil
}
