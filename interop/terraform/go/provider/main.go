// Command provider takes a Terraform provider through its life as Terraform does: on stock go-plugin with AutoMTLS, with
// the messages of terraform-plugin-go and the values of go-cty. It prints one JSON line for each check:
//
//	{"name": "...", "ok": true, "detail": "..."}
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/internal/tfplugin6"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"google.golang.org/grpc"
)

const typeName = "notes_note"

type providerPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

func (providerPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (providerPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return tfplugin6.NewProviderClient(conn), nil
}

// life is one provider, and what was learned of it.
type life struct {
	ctx      context.Context
	provider tfplugin6.ProviderClient
	folder   string
	// The types of the values, made from the provider's own schema.
	config, note, source cty.Type
	state                cty.Value
}

func main() {
	var warnings strings.Builder
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]plugin.PluginSet{
			5: {"provider": providerPlugin{}},
			6: {"provider": providerPlugin{}},
		},
		Cmd:              exec.Command(os.Args[2], os.Args[3:]...),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Managed:          true,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: &warnings}),
	})
	defer plugin.CleanupClients()

	l := &life{ctx: context.Background(), folder: os.Args[1]}
	checks := []struct {
		name string
		run  func() error
	}{
		{"starts with AutoMTLS, on version 6", func() error { return l.start(client) }},
		{"tells its schema", l.schema},
		{"is configured", l.configure},
		{"plans a new resource, with values that are not known yet", l.planNew},
		{"creates it", l.create},
		{"has nothing to do where nothing changed", l.unchanged},
		{"updates it", l.update},
		{"reads it, and upgrades its state from JSON", l.read},
		{"imports it", l.importState},
		{"answers a data source", l.dataSource},
		{"plans a replacement", l.replace},
		{"calls a function", l.function},
		{"tells what is wrong, and where", l.diagnostics},
		{"deletes it, and reads nothing after that", l.remove},
		{"says of what it does not speak that it is not there", l.unimplemented},
		{"ends when it is asked to", func() error { return end(client, &warnings) }},
	}
	for _, check := range checks {
		result := map[string]any{"name": check.name, "ok": true}
		err := check.run()
		if err != nil {
			result["ok"], result["detail"] = false, err.Error()
		}
		line, _ := json.Marshal(result)
		fmt.Println(string(line))
		if err != nil && l.provider == nil {
			return
		}
	}
}

func (l *life) start(client *plugin.Client) error {
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("provider")
	if err != nil {
		return err
	}
	l.provider = raw.(tfplugin6.ProviderClient)
	return equal("version", client.NegotiatedVersion(), 6)
}

func (l *life) schema() error {
	schema, err := l.provider.GetProviderSchema(l.ctx, &tfplugin6.GetProviderSchema_Request{})
	if err != nil {
		return err
	}
	resource := schema.ResourceSchemas[typeName]
	if l.config, err = implied(schema.Provider); err != nil {
		return err
	}
	if l.note, err = implied(resource); err != nil {
		return err
	}
	if l.source, err = implied(schema.DataSourceSchemas[typeName]); err != nil {
		return err
	}
	functions, err := l.provider.GetFunctions(l.ctx, &tfplugin6.GetFunctions_Request{})
	if err != nil {
		return err
	}
	slug := functions.Functions["slug"]
	return first(
		equal("version", resource.Version, int64(1)),
		equal("plan_destroy", schema.ServerCapabilities.PlanDestroy, true),
		equal("parameters", len(slug.GetParameters()), 1),
		equal("result", string(slug.GetReturn().GetType()), `"string"`),
	)
}

func (l *life) configure() error {
	config := l.pack(cty.ObjectVal(map[string]cty.Value{"folder": cty.StringVal(l.folder)}), l.config)
	validated, err := l.provider.ValidateProviderConfig(l.ctx, &tfplugin6.ValidateProviderConfig_Request{Config: config})
	if err := problems(err, validated.GetDiagnostics()); err != nil {
		return err
	}
	request := &tfplugin6.ConfigureProvider_Request{
		TerraformVersion:   "1.12.0",
		Config:             config,
		ClientCapabilities: &tfplugin6.ClientCapabilities{DeferralAllowed: true},
	}
	configured, err := l.provider.ConfigureProvider(l.ctx, request)
	return problems(err, configured.GetDiagnostics())
}

func (l *life) planNew() error {
	// A value that a refinement says something about comes as extension 12.
	refined := cty.UnknownVal(cty.String).Refine().NotNull().StringPrefix("one").NewValue()
	planned, _, err := l.plan(cty.NullVal(l.note), l.proposed("a", refined))
	if err != nil {
		return err
	}
	return first(
		equal("name", planned.GetAttr("name").AsString(), "a"),
		equal("text known", planned.GetAttr("text").IsKnown(), false),
		equal("sha256 known", planned.GetAttr("sha256").IsKnown(), false),
		equal("path known", planned.GetAttr("path").IsKnown(), true),
		equal("modified known", planned.GetAttr("modified").IsKnown(), false),
	)
}

func (l *life) create() error {
	state, err := l.apply(cty.NullVal(l.note), l.proposed("a", cty.StringVal("one")))
	if err != nil {
		return err
	}
	l.state = state
	content, err := os.ReadFile(filepath.Join(l.folder, "a.json"))
	if err != nil {
		return err
	}
	return equal("text in the file", strings.Contains(string(content), `"text": "one"`), true)
}

func (l *life) unchanged() error {
	planned, _, err := l.plan(l.state, l.state)
	if err != nil {
		return err
	}
	return equal("the plan", planned.GoString(), l.state.GoString())
}

func (l *life) update() error {
	attributes := l.state.AsValueMap()
	attributes["text"] = cty.StringVal("two")
	attributes["tags"] = cty.MapVal(map[string]cty.Value{"mood": cty.StringVal("good")})
	state, err := l.apply(l.state, cty.ObjectVal(attributes))
	if err != nil {
		return err
	}
	l.state = state
	return equal("tag", state.GetAttr("tags").Index(cty.StringVal("mood")).AsString(), "good")
}

func (l *life) read() error {
	raw, err := ctyjson.Marshal(l.state, l.note)
	if err != nil {
		return err
	}
	upgraded, err := l.provider.UpgradeResourceState(l.ctx, &tfplugin6.UpgradeResourceState_Request{
		TypeName: typeName, Version: 1, RawState: &tfplugin6.RawState{Json: raw},
	})
	if err := problems(err, upgraded.GetDiagnostics()); err != nil {
		return err
	}
	request := &tfplugin6.ReadResource_Request{TypeName: typeName, CurrentState: upgraded.UpgradedState}
	response, err := l.provider.ReadResource(l.ctx, request)
	if err := problems(err, response.GetDiagnostics()); err != nil {
		return err
	}
	return equal("the state", l.unpack(response.NewState, l.note).GoString(), l.state.GoString())
}

func (l *life) importState() error {
	request := &tfplugin6.ImportResourceState_Request{TypeName: typeName, Id: "a"}
	response, err := l.provider.ImportResourceState(l.ctx, request)
	if err := problems(err, response.GetDiagnostics()); err != nil {
		return err
	}
	if len(response.ImportedResources) != 1 {
		return fmt.Errorf("%d resources were imported", len(response.ImportedResources))
	}
	return equal("the state", l.unpack(response.ImportedResources[0].State, l.note).GoString(), l.state.GoString())
}

func (l *life) dataSource() error {
	config := nulls(l.source)
	config["name"] = cty.StringVal("a")
	packed := l.pack(cty.ObjectVal(config), l.source)
	validated, err := l.provider.ValidateDataResourceConfig(l.ctx, &tfplugin6.ValidateDataResourceConfig_Request{
		TypeName: typeName, Config: packed,
	})
	if err := problems(err, validated.GetDiagnostics()); err != nil {
		return err
	}
	request := &tfplugin6.ReadDataSource_Request{TypeName: typeName, Config: packed}
	response, err := l.provider.ReadDataSource(l.ctx, request)
	if err := problems(err, response.GetDiagnostics()); err != nil {
		return err
	}
	return equal("text", l.unpack(response.State, l.source).GetAttr("text").AsString(), "two")
}

func (l *life) replace() error {
	attributes := l.state.AsValueMap()
	attributes["name"] = cty.StringVal("b")
	_, response, err := l.plan(l.state, cty.ObjectVal(attributes))
	if err != nil {
		return err
	}
	if len(response.RequiresReplace) != 1 {
		return fmt.Errorf("%d attributes need a new resource", len(response.RequiresReplace))
	}
	return equal("attribute", response.RequiresReplace[0].Steps[0].GetAttributeName(), "name")
}

func (l *life) function() error {
	call := func(title string) (*tfplugin6.CallFunction_Response, error) {
		arguments := []*tfplugin6.DynamicValue{l.pack(cty.StringVal(title), cty.String)}
		return l.provider.CallFunction(l.ctx, &tfplugin6.CallFunction_Request{Name: "slug", Arguments: arguments})
	}
	response, err := call("To do, today")
	if err != nil {
		return err
	}
	if response.Error != nil {
		return fmt.Errorf("the function failed: %s", response.Error.Text)
	}
	failed, err := call("...")
	if err != nil {
		return err
	}
	return first(
		equal("result", l.unpack(response.Result, cty.String).AsString(), "to-do-today"),
		equal("argument of the error", failed.GetError().FunctionArgument != nil, true),
	)
}

func (l *life) diagnostics() error {
	config := l.pack(l.proposed("Not a name", cty.StringVal("")), l.note)
	response, err := l.provider.ValidateResourceConfig(l.ctx, &tfplugin6.ValidateResourceConfig_Request{
		TypeName: typeName, Config: config,
	})
	if err != nil {
		return err
	}
	if len(response.Diagnostics) != 1 {
		return fmt.Errorf("%d diagnostics for a bad name", len(response.Diagnostics))
	}
	found := response.Diagnostics[0]
	return first(
		equal("severity", found.Severity, tfplugin6.Diagnostic_ERROR),
		equal("attribute", found.Attribute.Steps[0].GetAttributeName(), "name"),
	)
}

func (l *life) remove() error {
	if _, err := l.apply(l.state, cty.NullVal(l.note)); err != nil {
		return err
	}
	request := &tfplugin6.ReadResource_Request{TypeName: typeName, CurrentState: l.pack(l.state, l.note)}
	response, err := l.provider.ReadResource(l.ctx, request)
	if err := problems(err, response.GetDiagnostics()); err != nil {
		return err
	}
	return equal("the state", l.unpack(response.NewState, l.note).IsNull(), true)
}

// unimplemented makes a call that Terraform makes since 1.12 and takes a refusal of.
func (l *life) unimplemented() error {
	request := &tfplugin6.GetResourceIdentitySchemas_Request{}
	_, err := l.provider.GetResourceIdentitySchemas(l.ctx, request)
	return equal("code", grpcCode(err), "Unimplemented")
}

// end asks the provider to end; go-plugin warns of one that had to be killed, and of whatever else went wrong before.
func end(client *plugin.Client, warnings *strings.Builder) error {
	client.Kill()
	return first(equal("ended", client.Exited(), true), equal("the log", warnings.String(), ""))
}
