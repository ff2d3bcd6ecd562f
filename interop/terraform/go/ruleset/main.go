// Command ruleset runs a tflint ruleset over the files of a folder, as tflint does: with the host's side of tflint's own
// SDK, which serves the callbacks over go-plugin's broker. It prints what it learned as one JSON object.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/terraform-linters/tflint-plugin-sdk/hclext"
	"github.com/terraform-linters/tflint-plugin-sdk/plugin/host2plugin"
	"github.com/terraform-linters/tflint-plugin-sdk/terraform/lang/marks"
	"github.com/terraform-linters/tflint-plugin-sdk/tflint"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

type issue struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Where    string `json:"where"`
}

// runner is what tflint answers to a ruleset, for a module without children.
type runner struct {
	files  map[string]*hcl.File
	issues []issue
}

var variables = &hcl.EvalContext{Variables: map[string]cty.Value{
	"var": cty.ObjectVal(map[string]cty.Value{
		"bad":     cty.StringVal("Not a name"),
		"secret":  cty.StringVal("Not a name").Mark(marks.Sensitive),
		"unknown": cty.UnknownVal(cty.String),
		"none":    cty.NullVal(cty.String),
	}),
}}

func (r *runner) GetOriginalwd() string   { return "." }
func (r *runner) GetModulePath() []string { return []string{} }

func (r *runner) GetModuleContent(
	schema *hclext.BodySchema, _ tflint.GetModuleContentOption,
) (*hclext.BodyContent, hcl.Diagnostics) {
	all := &hclext.BodyContent{Attributes: hclext.Attributes{}}
	for _, file := range r.files {
		content, diagnostics := hclext.PartialContent(file.Body, schema)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		all.Blocks = append(all.Blocks, content.Blocks...)
	}
	return all, nil
}

func (r *runner) GetFile(name string) (*hcl.File, error) { return r.files[name], nil }

func (r *runner) GetFiles(tflint.ModuleCtxType) map[string][]byte {
	sources := map[string][]byte{}
	for name, file := range r.files {
		sources[name] = file.Bytes
	}
	return sources
}

func (r *runner) GetRuleConfigContent(
	string, *hclext.BodySchema,
) (*hclext.BodyContent, map[string][]byte, error) {
	return &hclext.BodyContent{}, nil, nil
}

func (r *runner) EvaluateExpr(expr hcl.Expression, opts tflint.EvaluateExprOption) (cty.Value, error) {
	value, diagnostics := expr.Value(variables)
	if diagnostics.HasErrors() {
		return cty.NilVal, diagnostics
	}
	return convert.Convert(value, *opts.WantType)
}

func (r *runner) EmitIssue(rule tflint.Rule, message string, where hcl.Range, _ bool) (bool, error) {
	r.issues = append(r.issues, issue{rule.Name(), rule.Severity().String(), message, where.String()})
	return true, nil
}

func (r *runner) ApplyChanges(map[string][]byte) error { return nil }

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string, command string, args []string) error {
	client := host2plugin.NewClient(&host2plugin.ClientOpts{Cmd: exec.Command(command, args...)})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("ruleset")
	if err != nil {
		return err
	}
	ruleset := raw.(*host2plugin.Client)

	found := map[string]any{}
	if found["name"], err = ruleset.RuleSetName(); err != nil {
		return err
	}
	if found["version"], err = ruleset.RuleSetVersion(); err != nil {
		return err
	}
	if found["rules"], err = ruleset.RuleNames(); err != nil {
		return err
	}
	constraints, err := ruleset.VersionConstraints()
	if err != nil {
		return err
	}
	found["constraints"] = constraints.String()
	sdk, err := ruleset.SDKVersion()
	if err != nil {
		return err
	}
	found["sdk"] = sdk.String()
	if _, err = ruleset.ConfigSchema(); err != nil {
		return err
	}

	files, err := parse(folder)
	if err != nil {
		return err
	}
	off := map[string]*tflint.RuleConfig{"notes_note_name": {Name: "notes_note_name", Enabled: false}}
	for key, config := range map[string]*tflint.Config{"issues": {}, "issues_when_off": {Rules: off}} {
		if found[key], err = check(ruleset, config, files); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func check(ruleset *host2plugin.Client, config *tflint.Config, files map[string]*hcl.File) ([]issue, error) {
	if err := ruleset.ApplyGlobalConfig(config); err != nil {
		return nil, err
	}
	if err := ruleset.ApplyConfig(&hclext.BodyContent{}, nil); err != nil {
		return nil, err
	}
	checked := &runner{files: files, issues: []issue{}}
	err := ruleset.Check(checked)
	return checked.issues, err
}

func parse(folder string) (map[string]*hcl.File, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		return nil, err
	}
	files := map[string]*hcl.File{}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		file, diagnostics := hclsyntax.ParseConfig(source, name, hcl.InitialPos)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		files[name] = file
	}
	return files, nil
}
