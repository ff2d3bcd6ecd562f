package main

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/internal/tfplugin6"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"
	"google.golang.org/grpc/status"
)

// implied is the type of the values that a schema describes.
func implied(schema *tfplugin6.Schema) (cty.Type, error) {
	attributes := map[string]cty.Type{}
	for _, attribute := range schema.GetBlock().GetAttributes() {
		of, err := ctyjson.UnmarshalType(attribute.Type)
		if err != nil {
			return cty.NilType, err
		}
		if !attribute.Required && !attribute.Optional && !attribute.Computed {
			return cty.NilType, fmt.Errorf("nobody sets %s", attribute.Name)
		}
		attributes[attribute.Name] = of
	}
	if len(attributes) == 0 {
		return cty.NilType, errors.New("there is a schema without attributes")
	}
	return cty.Object(attributes), nil
}

func nulls(of cty.Type) map[string]cty.Value {
	values := map[string]cty.Value{}
	for name, of := range of.AttributeTypes() {
		values[name] = cty.NullVal(of)
	}
	return values
}

func (l *life) proposed(name string, text cty.Value) cty.Value {
	values := nulls(l.note)
	values["name"], values["text"] = cty.StringVal(name), text
	return cty.ObjectVal(values)
}

func (l *life) pack(value cty.Value, of cty.Type) *tfplugin6.DynamicValue {
	packed, err := msgpack.Marshal(value, of)
	if err != nil {
		panic(err)
	}
	return &tfplugin6.DynamicValue{Msgpack: packed}
}

// unpack reads a value as strictly as Terraform does; what is not of the type ends the program.
func (l *life) unpack(value *tfplugin6.DynamicValue, of cty.Type) cty.Value {
	unpacked, err := msgpack.Unmarshal(value.GetMsgpack(), of)
	if err != nil {
		panic(err)
	}
	return unpacked
}

func (l *life) plan(prior, proposed cty.Value) (cty.Value, *tfplugin6.PlanResourceChange_Response, error) {
	response, err := l.provider.PlanResourceChange(l.ctx, &tfplugin6.PlanResourceChange_Request{
		TypeName:         typeName,
		PriorState:       l.pack(prior, l.note),
		ProposedNewState: l.pack(proposed, l.note),
		Config:           l.pack(proposed, l.note),
		PriorPrivate:     []byte("kept"),
	})
	if err := problems(err, response.GetDiagnostics()); err != nil {
		return cty.NilVal, nil, err
	}
	if err := equal("private data", string(response.PlannedPrivate), "kept"); err != nil {
		return cty.NilVal, nil, err
	}
	return l.unpack(response.PlannedState, l.note), response, nil
}

// apply plans and applies; as in Terraform, what was known in the plan must be so in the state, and all be known.
func (l *life) apply(prior, proposed cty.Value) (cty.Value, error) {
	planned, plan, err := l.plan(prior, proposed)
	if err != nil {
		return cty.NilVal, err
	}
	response, err := l.provider.ApplyResourceChange(l.ctx, &tfplugin6.ApplyResourceChange_Request{
		TypeName:       typeName,
		PriorState:     l.pack(prior, l.note),
		PlannedState:   plan.PlannedState,
		Config:         l.pack(proposed, l.note),
		PlannedPrivate: plan.PlannedPrivate,
	})
	if err := problems(err, response.GetDiagnostics()); err != nil {
		return cty.NilVal, err
	}
	state := l.unpack(response.NewState, l.note)
	if !state.IsWhollyKnown() {
		return cty.NilVal, errors.New("after apply there are values that are not known")
	}
	if planned.IsNull() {
		return state, equal("the state", state.IsNull(), true)
	}
	for name, value := range planned.AsValueMap() {
		if value.IsWhollyKnown() && !value.RawEquals(state.GetAttr(name)) {
			return cty.NilVal, fmt.Errorf("%s was planned as %#v and is %#v", name, value, state.GetAttr(name))
		}
	}
	return state, nil
}

func problems(err error, diagnostics []*tfplugin6.Diagnostic) error {
	if err != nil || len(diagnostics) == 0 {
		return err
	}
	return fmt.Errorf("%s: %s", diagnostics[0].Summary, diagnostics[0].Detail)
}

func grpcCode(err error) string {
	return status.Code(err).String()
}

func equal[T comparable](what string, is, wanted T) error {
	if is == wanted {
		return nil
	}
	return fmt.Errorf("%s is %v, not %v", what, is, wanted)
}

func first(errs ...error) error {
	return errors.Join(errs...)
}
