/*
Copyright 2026 The LiveRoom Operator Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package v1alpha1

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	app         = AppReference{Name: "shop"}
	otherApp    = AppReference{Name: "other"}
	chinese     = func(n int) string { return strings.Repeat("播", n) }
	letters     = func(n int) string { return strings.Repeat("a", n) }
	unchanged   = "immutable: create another"
	tooMany     = "must have at most"
	unsupported = "Unsupported value"
)

var validApp = ImApp{Spec: ImAppSpec{
	SDKAppID: 1400000001, Region: RegionChina, Administrator: "administrator",
	CredentialsSecretRef: SecretReference{Name: "im"},
}}

func TestImAppCreation(t *testing.T) {
	t.Parallel()
	allow := func(from NamespacesFrom, selector *metav1.LabelSelector) func(*ImApp) {
		return func(a *ImApp) { a.Spec.AllowedNamespaces = &AllowedNamespaces{From: from, Selector: selector} }
	}
	proveCreations(t, validApp, func(a ImApp) *ImApp { return a.DeepCopy() }, []creation[ImApp]{
		{"region", func(*ImApp) {}, ""},
		{"endpoint", func(a *ImApp) { a.Spec.Region, a.Spec.Endpoint = "", "http://127.0.0.1:18090" }, ""},
		{"region and endpoint", func(a *ImApp) { a.Spec.Endpoint = "https://example.com" }, "set exactly one of region and endpoint"},
		{"neither region nor endpoint", func(a *ImApp) { a.Spec.Region = "" }, "set exactly one of region and endpoint"},
		{"unknown region", func(a *ImApp) { a.Spec.Region = "Mars" }, unsupported},
		{"endpoint with a path", func(a *ImApp) { a.Spec.Region, a.Spec.Endpoint = "", "https://example.com/v4" }, "spec.endpoint"},
		{"largest sdkAppID", func(a *ImApp) { a.Spec.SDKAppID = 4294967295 }, ""},
		{"sdkAppID too large", func(a *ImApp) { a.Spec.SDKAppID = 4294967296 }, "less than or equal to 4294967295"},
		{"sdkAppID zero", func(a *ImApp) { a.Spec.SDKAppID = 0 }, "greater than or equal to 1"},
		{"administrator with a space", func(a *ImApp) { a.Spec.Administrator = "the boss" }, "spec.administrator"},
		{"no administrator", func(a *ImApp) { a.Spec.Administrator = "" }, "spec.administrator"},
		{"no Secret name", func(a *ImApp) { a.Spec.CredentialsSecretRef.Name = "" }, "spec.credentialsSecretRef.name"},
		{"200 requests per second", func(a *ImApp) { a.Spec.RequestsPerSecond = new(int32(200)) }, ""},
		{"201 requests per second", func(a *ImApp) { a.Spec.RequestsPerSecond = new(int32(201)) }, "less than or equal to 200"},
		{"drift interval of 30 s", func(a *ImApp) { a.Spec.DriftIntervalSeconds = new(int32(30)) }, ""},
		{"drift interval of 29 s", func(a *ImApp) { a.Spec.DriftIntervalSeconds = new(int32(29)) }, "greater than or equal to 30"},
		{"all namespaces", allow(NamespacesFromAll, nil), ""},
		{"selected namespaces", allow(NamespacesFromSelector, &metav1.LabelSelector{}), ""},
		{"Selector without a selector", allow(NamespacesFromSelector, nil), "selector belongs to from: Selector, and is required with it"},
		{"All with a selector", allow(NamespacesFromAll, &metav1.LabelSelector{}), "selector belongs to from: Selector"},
	})
}

func TestImAppUpdate(t *testing.T) {
	t.Parallel()
	proveUpdates(t, validApp, func(a ImApp) *ImApp { return a.DeepCopy() }, []update[ImApp]{
		{"sdkAppID", nil, func(a *ImApp) { a.Spec.SDKAppID++ }, "sdkAppID is immutable: create another ImApp"},
		{"region to endpoint", nil, func(a *ImApp) { a.Spec.Region, a.Spec.Endpoint = "", "https://example.com" }, ""},
	})
}

var validAccount = ImAccount{Spec: ImAccountSpec{AppRef: app}}

func TestImAccountCreation(t *testing.T) {
	t.Parallel()
	sig := func(validity, renewBefore *int32) func(*ImAccount) {
		return func(a *ImAccount) {
			a.Spec.UserSig = &UserSigSecret{SecretName: "sig", ValiditySeconds: validity, RenewBeforeSeconds: renewBefore}
		}
	}
	profile := func(tag, value string) func(*ImAccount) {
		return func(a *ImAccount) { a.Spec.CustomProfile = []CustomProfileField{{Tag: tag, Value: value}} }
	}
	const renew = "renewBeforeSeconds must be smaller than validitySeconds"
	proveCreations(t, validAccount, func(a ImAccount) *ImAccount { return a.DeepCopy() }, []creation[ImAccount]{
		{"name as UserID", func(*ImAccount) {}, ""},
		{"name with a dot", func(a *ImAccount) { a.Name = "host.one" }, "the object's name cannot serve as UserID (1 to 32 letters, digits, _ or -): set spec.userID"},
		{"name of 32 characters", func(a *ImAccount) { a.Name = letters(32) }, ""},
		{"name of 33 characters", func(a *ImAccount) { a.Name = letters(33) }, "set spec.userID"},
		{"long name with a userID", func(a *ImAccount) { a.Name, a.Spec.UserID = letters(34), "host" }, ""},
		{"userID of 33 characters", func(a *ImAccount) { a.Spec.UserID = letters(33) }, "spec.userID"},
		{"userID with a dot", func(a *ImAccount) { a.Spec.UserID = "host.one" }, "spec.userID"},
		{"nickname of 498 bytes", func(a *ImAccount) { a.Spec.Nickname = new(chinese(166)) }, ""},
		{"nickname of 501 bytes", func(a *ImAccount) { a.Spec.Nickname = new(chinese(167)) }, "nickname has at most 500 bytes (a Chinese character counts 3): shorten it"},
		{"avatar of 498 bytes", func(a *ImAccount) { a.Spec.AvatarURL = new(chinese(166)) }, ""},
		{"avatar of 501 bytes", func(a *ImAccount) { a.Spec.AvatarURL = new(chinese(167)) }, "avatarURL has at most 500 bytes: shorten it"},
		{"known gender", func(a *ImAccount) { a.Spec.Gender = "Female" }, ""},
		{"unknown gender", func(a *ImAccount) { a.Spec.Gender = "female" }, unsupported},
		{"known allowType", func(a *ImAccount) { a.Spec.AllowType = "DenyAny" }, ""},
		{"unknown allowType", func(a *ImAccount) { a.Spec.AllowType = "Nobody" }, unsupported},
		{"largest level and role", func(a *ImAccount) { a.Spec.Level, a.Spec.Role = new(int64(4294967295)), new(int64(0)) }, ""},
		{"level too large", func(a *ImAccount) { a.Spec.Level = new(int64(4294967296)) }, "less than or equal to 4294967295"},
		{"negative role", func(a *ImAccount) { a.Spec.Role = new(int64(-1)) }, "greater than or equal to 0"},
		{"profile value of 498 bytes", profile("Tier", chinese(166)), ""},
		{"profile value of 501 bytes", profile("Tier", chinese(167)), "a custom profile value has at most 500 bytes"},
		{"profile tag with a digit", profile("Tier2", "gold"), "spec.customProfile[0].tag"},
		{"profile tag of 9 letters", profile(letters(9), "gold"), "spec.customProfile[0].tag"},
		{"renewed just in time", sig(new(int32(3600)), new(int32(3599))), ""},
		{"renewed at once", sig(new(int32(3600)), new(int32(3600))), renew},
		{"renewed within the absent validity", sig(nil, new(int32(604799))), ""},
		{"renewed beyond the absent validity", sig(nil, new(int32(604800))), renew},
		{"validity of 59 s", sig(new(int32(59)), nil), "greater than or equal to 60"},
		{"unknown managementPolicy", func(a *ImAccount) { a.Spec.ManagementPolicy = "Watch" }, unsupported},
		{"unknown deletionPolicy", func(a *ImAccount) { a.Spec.DeletionPolicy = "Keep" }, unsupported},
		{"unknown adoptionPolicy", func(a *ImAccount) { a.Spec.AdoptionPolicy = "Steal" }, unsupported},
	})
}

func TestImAccountUpdate(t *testing.T) {
	t.Parallel()
	named := func(a *ImAccount) { a.Spec.UserID = "host" }
	proveUpdates(t, validAccount, func(a ImAccount) *ImAccount { return a.DeepCopy() }, []update[ImAccount]{
		{"appRef", nil, func(a *ImAccount) { a.Spec.AppRef = otherApp }, "appRef is " + unchanged},
		{"userID", named, func(a *ImAccount) { a.Spec.UserID = "helper" }, "userID is " + unchanged},
		{"userID added", nil, named, "userID is " + unchanged},
		{"userID removed", named, func(a *ImAccount) { a.Spec.UserID = "" }, "userID is " + unchanged},
		{"nickname", named, func(a *ImAccount) { a.Spec.Nickname = new("小播") }, ""},
	})
}

var validField = GroupCustomField{Spec: GroupCustomFieldSpec{
	AppRef: app, Name: "add_goods", Scope: FieldScopeGroup,
	GroupTypes: []FieldGroupType{{Type: RoomTypeAVChatRoom}},
}}

func TestGroupCustomFieldCreation(t *testing.T) {
	t.Parallel()
	name := func(n string) func(*GroupCustomField) { return func(f *GroupCustomField) { f.Spec.Name = n } }
	proveCreations(t, validField, func(f GroupCustomField) *GroupCustomField { return f.DeepCopy() }, []creation[GroupCustomField]{
		{"group field", func(*GroupCustomField) {}, ""},
		{"name of 16 letters", name(letters(16)), ""},
		{"name of 17 letters", name(letters(17)), "Too long"},
		{"name beginning with _", name("_2gift"), ""},
		{"name beginning with a digit", name("2gift"), "rename it, for example gift_2 for 2gift"},
		{"name with a hyphen", name("add-goods"), "a field name begins with a letter or _"},
		{"member field of a Public group", func(f *GroupCustomField) {
			f.Spec.Scope, f.Spec.GroupTypes[0].Type = FieldScopeMember, RoomTypePublic
		}, ""},
		{"member field of an AVChatRoom", func(f *GroupCustomField) { f.Spec.Scope = FieldScopeMember }, "an AVChatRoom has no member fields: use scope Group, or another group type"},
		{"unknown scope", func(f *GroupCustomField) { f.Spec.Scope = "User" }, unsupported},
		{"unknown group type", func(f *GroupCustomField) { f.Spec.GroupTypes[0].Type = "Private" }, unsupported},
		{"no group type", func(f *GroupCustomField) { f.Spec.GroupTypes = []FieldGroupType{} }, "should have at least 1 items"},
		{"known permission", func(f *GroupCustomField) { f.Spec.GroupTypes[0].DeclaredWrite = "AppAdmin" }, ""},
		{"unknown permission", func(f *GroupCustomField) { f.Spec.GroupTypes[0].DeclaredRead = "Everybody" }, unsupported},
		{"long description", func(f *GroupCustomField) { f.Spec.Description = letters(257) }, "spec.description"},
	})
}

func TestGroupCustomFieldUpdate(t *testing.T) {
	t.Parallel()
	two := func(f *GroupCustomField) {
		f.Spec.GroupTypes = []FieldGroupType{{Type: RoomTypeAVChatRoom}, {Type: RoomTypePublic}}
	}
	proveUpdates(t, validField, func(f GroupCustomField) *GroupCustomField { return f.DeepCopy() }, []update[GroupCustomField]{
		{"appRef", nil, func(f *GroupCustomField) { f.Spec.AppRef = otherApp }, "appRef is " + unchanged},
		{"name", nil, func(f *GroupCustomField) { f.Spec.Name = "add_gift" }, "IM cannot rename a field; declare another one"},
		{"scope", two, func(f *GroupCustomField) { f.Spec.Scope = FieldScopeMember }, "scope is immutable: declare another field"},
		{"group type added", nil, two, ""},
		{"group type removed", two, func(f *GroupCustomField) { f.Spec.GroupTypes = f.Spec.GroupTypes[:1] }, "a group type cannot be removed from a field"},
		{"description", nil, func(f *GroupCustomField) { f.Spec.Description = "what is on sale" }, ""},
	})
}

// What nobody has looked at must not be taken for current.
func TestStatusStartsUnobserved(t *testing.T) {
	t.Parallel()
	c, namespace := newClient(t), env.Namespace(t)
	for kind, o := range map[string]Object{
		"ImApp": validApp.DeepCopy(), "ImAccount": validAccount.DeepCopy(),
		"GroupCustomField": validField.DeepCopy(), "LiveRoom": validRoom.DeepCopy(),
		"WeChatOfficialAccount": validOfficialAccount.DeepCopy(),
	} {
		t.Run(kind, func(t *testing.T) {
			o.SetNamespace(namespace)
			o.SetName("fresh")
			if err := c.Create(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			if err := c.Get(context.Background(), client.ObjectKeyFromObject(o), o); err != nil {
				t.Fatal(err)
			}
			if got := o.GetObjectStatus().ObservedGeneration; got != -1 {
				t.Errorf("observedGeneration is %d, want -1", got)
			}
		})
	}
}
