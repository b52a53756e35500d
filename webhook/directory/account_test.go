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

package directory

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// imAccount is one that was imported, changed.
func imAccount(name string, changes ...func(*imv1alpha1.ImAccount)) *imv1alpha1.ImAccount {
	account := &imv1alpha1.ImAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(epoch)}}
	account.Spec.AppRef.Name = live.Name
	imported(metav1.ConditionTrue)(account)
	for _, change := range changes {
		change(account)
	}
	return account
}

func imported(status metav1.ConditionStatus) func(*imv1alpha1.ImAccount) {
	return func(account *imv1alpha1.ImAccount) {
		account.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionImported, Status: status}}
	}
}

func calls(userID string) func(*imv1alpha1.ImAccount) {
	return func(account *imv1alpha1.ImAccount) { account.Spec.UserID = userID }
}

func leveled(account *imv1alpha1.ImAccount) { account.Spec.Level = new(int64(3)) }

func TestAccounts(t *testing.T) {
	d := New()
	put := func(want bool, account *imv1alpha1.ImAccount) {
		t.Helper()
		if got := d.PutAccount(account); got != want {
			t.Errorf("%s: news %v, want %v", account.Name, got, want)
		}
	}
	found := func(userID, want string) {
		t.Helper()
		got := ""
		if account := d.Account(live, userID); account != nil {
			got = account.Key.Name
		}
		if got != want {
			t.Errorf("%s is %q, want %q", userID, got, want)
		}
	}
	put(true, imAccount("anna"))
	put(false, imAccount("anna"))
	put(false, imAccount("anna", func(account *imv1alpha1.ImAccount) { account.Spec.Nickname = new("A") }))
	found("anna", "anna")
	put(true, imAccount("anna", calls("u1")))
	found("anna", "")
	found("u1", "anna")

	// A rival for the same user: the older one has it.
	put(true, imAccount("rival", calls("u1"), func(account *imv1alpha1.ImAccount) {
		account.CreationTimestamp = metav1.NewTime(epoch.Add(-1e9))
	}))
	found("u1", "rival")
	put(true, imAccount("rival", calls("u1"), imported(metav1.ConditionFalse)))
	found("u1", "anna")
	put(false, imAccount("rival", calls("u1"), imported(metav1.ConditionFalse)))

	// What is not known to be imported is left out; later trouble does not matter.
	put(true, imAccount("anna", calls("u1"), imported(metav1.ConditionUnknown)))
	found("u1", "")
	put(true, imAccount("anna", calls("u1"), imported(metav1.ConditionUnknown), func(account *imv1alpha1.ImAccount) { account.Status.UserID = "u1" }))
	found("u1", "anna")
	put(false, imAccount("nobody", func(account *imv1alpha1.ImAccount) { account.Status.Conditions = nil }))
	found("nobody", "")

	d.RemoveAccount(roomKey("anna"))
	d.RemoveAccount(roomKey("anna"))
	found("u1", "")
	if len(d.accounts)+len(d.byName) != 0 {
		t.Errorf("left behind: %v %v", d.accounts, d.byName)
	}
}

func TestDeclaring(t *testing.T) {
	d := New()
	tier := func(account *imv1alpha1.ImAccount) {
		account.Spec.CustomProfile = []imv1alpha1.CustomProfileField{{Tag: "Tier", Value: "gold"}}
	}
	d.PutAccount(imAccount("bob", leveled))
	d.PutAccount(imAccount("anna", leveled, tier))
	d.PutAccount(imAccount("carl"))
	d.PutAccount(imAccount("dora", leveled, func(account *imv1alpha1.ImAccount) { account.Spec.AppRef.Name = "other" }))
	d.PutAccount(imAccount("emil", leveled, imported(metav1.ConditionFalse)))
	const custom = imv1alpha1.ProfileTagCustomPrefix + "Tier"
	for tag, want := range map[string][]types.NamespacedName{
		imv1alpha1.ProfileTagLevel: {roomKey("anna"), roomKey("bob")},
		custom:                     {roomKey("anna")},
		"Tag_Profile_Custom_Nope":  nil,
	} {
		if got := d.Declaring(live, tag); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is declared by %v, want %v", tag, got, want)
		}
	}
	if !d.PutAccount(imAccount("anna", tier)) {
		t.Error("a field that is no longer declared is no news")
	}
	if account := d.Account(live, "anna"); account.Declares(imv1alpha1.ProfileTagLevel) || !account.Declares(custom) {
		t.Errorf("anna is %+v", account)
	}
}
