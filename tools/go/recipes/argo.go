package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Of gitops-engine/pkg/health.
var argoStatuses = []string{"Unknown", "Progressing", "Suspended", "Healthy", "Degraded", "Missing"}

// argoHealth runs a health check as Argo CD does for a script of its settings (argo-cd/util/lua, VM.ExecuteHealthLua): with
// the base, package and table libraries only, the object as the global obj, and one second. Its own os library, which knows
// the time alone, is left out: a health check that reads the clock is refused here.
func argoHealth(script string, object *unstructured.Unstructured) health {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return health{"Error", err.Error()}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", luaValue(state, object.Object))
	if err := state.DoString(script); err != nil {
		return health{"Error", err.Error()}
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return health{"Error", fmt.Sprintf("expect table output from Lua script, not %s", state.Get(-1).Type())}
	}
	status, message := table.RawGetString("status"), table.RawGetString("message")
	if status.Type() != lua.LTString || !slices.Contains(argoStatuses, status.String()) {
		return health{"Error", "Lua returned an invalid health status: " + status.String()}
	}
	if message.Type() != lua.LTString {
		return health{"Error", "the message is no string but " + message.Type().String()}
	}
	return health{status.String(), message.String()}
}

// luaValue is as Argo CD's decodeValue: numbers as numbers, null as nil.
func luaValue(state *lua.LState, value any) lua.LValue {
	switch converted := value.(type) {
	case bool:
		return lua.LBool(converted)
	case float64:
		return lua.LNumber(converted)
	case int64:
		return lua.LNumber(converted)
	case string:
		return lua.LString(converted)
	case []any:
		table := state.CreateTable(len(converted), 0)
		for _, item := range converted {
			table.Append(luaValue(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(converted))
		for key, item := range converted {
			table.RawSetString(key, luaValue(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
