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
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

var validOfficialAccount = WeChatOfficialAccount{Spec: WeChatOfficialAccountSpec{
	AppRef: app, AppID: "wx5823bf96d3bd56c7",
	AccountType: OfficialAccountService, Verification: VerificationVerified,
	CredentialsSecretRef: SecretReference{Name: "wechat"}, MessageMode: MessageModeSafe,
	Agents: AgentSelection{AccountRefs: []AccountReference{{Name: "agent"}}},
}}

func copyOfficialAccount(a WeChatOfficialAccount) *WeChatOfficialAccount { return a.DeepCopy() }

// officialAccount makes a change of an object from changes of its spec.
func officialAccount(changes ...func(*WeChatOfficialAccountSpec)) func(*WeChatOfficialAccount) {
	return func(a *WeChatOfficialAccount) {
		for _, change := range changes {
			change(&a.Spec)
		}
	}
}

func TestWeChatOfficialAccountCreation(t *testing.T) {
	t.Parallel()
	type spec = WeChatOfficialAccountSpec
	change := officialAccount
	appID := func(id string) func(*spec) { return func(s *spec) { s.AppID = id } }
	endpoint := func(url string) func(*spec) { return func(s *spec) { s.Endpoint = url } }
	rights := func(account OfficialAccountType, verification Verification) func(*spec) {
		return func(s *spec) { s.AccountType, s.Verification = account, verification }
	}
	mode := func(m MessageMode) func(*spec) { return func(s *spec) { s.MessageMode = m } }
	refs := func(n int) func(*spec) {
		return func(s *spec) {
			s.Agents.AccountRefs = nil
			for i := range n {
				s.Agents.AccountRefs = append(s.Agents.AccountRefs, AccountReference{Name: fmt.Sprintf("agent-%d", i)})
			}
		}
	}
	named := func(names ...string) func(*spec) {
		return func(s *spec) {
			s.Agents.AccountRefs = nil
			for _, name := range names {
				s.Agents.AccountRefs = append(s.Agents.AccountRefs, AccountReference{Name: name})
			}
		}
	}
	selector := func(s *spec) {
		s.Agents.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"desk": "wechat"}}
	}
	routing := func(r Routing) func(*spec) { return func(s *spec) { s.Routing = r } }
	idle := func(seconds int32) func(*spec) { return func(s *spec) { s.SessionIdleSeconds = &seconds } }
	waiting := func(messages, age int32) func(*spec) {
		return func(s *spec) { s.Waiting = &WaitingReplies{MaxMessagesPerCustomer: &messages, MaxAgeSeconds: &age} }
	}
	media := func(bytes int64, validity int32) func(*spec) {
		return func(s *spec) { s.Media = &CustomerMedia{MaxBytes: &bytes, LinkValiditySeconds: &validity} }
	}
	const (
		personal = "WeChat has no personal service accounts: use accountType: Subscription, or another verification"
		oneOf    = "set exactly one of accountRefs and selector"
	)
	proveCreations(t, validOfficialAccount, copyOfficialAccount, []creation[WeChatOfficialAccount]{
		{"minimal", change(), ""},
		{"no name of the application", change(func(s *spec) { s.AppRef.Name = "" }), "spec.appRef.name"},
		{"appID of digits", change(appID("wx" + strings.Repeat("0", 16))), ""},
		{"appID in upper case", change(appID("wx5823BF96D3BD56C7")), "spec.appID"},
		{"appID of another kind", change(appID("gh_7f083739789a0000")), "spec.appID"},
		{"appID of 17 characters", change(appID("wx5823bf96d3bd56c")), "spec.appID"},
		{"appID of 19 characters", change(appID("wx5823bf96d3bd56c70")), "spec.appID"},
		{"no appID", change(appID("")), "spec.appID"},
		{"endpoint", change(endpoint("http://127.0.0.1:18091")), ""},
		{"endpoint with a path", change(endpoint("https://api.weixin.qq.com/cgi-bin")), "spec.endpoint"},
		{"endpoint without a scheme", change(endpoint("api.weixin.qq.com")), "spec.endpoint"},
		{"endpoint of 253 characters", change(endpoint("https://" + letters(245))), ""},
		{"endpoint of 254 characters", change(endpoint("https://" + letters(246))), "spec.endpoint"},
		{"no name of the Secret", change(func(s *spec) { s.CredentialsSecretRef.Name = "" }), "spec.credentialsSecretRef.name"},

		{"verified subscription account", change(rights(OfficialAccountSubscription, VerificationVerified)), ""},
		{"unverified subscription account", change(rights(OfficialAccountSubscription, VerificationUnverified)), ""},
		{"personal subscription account", change(rights(OfficialAccountSubscription, VerificationPersonal)), ""},
		{"unverified service account", change(rights(OfficialAccountService, VerificationUnverified)), ""},
		{"personal service account", change(rights(OfficialAccountService, VerificationPersonal)), personal},
		{"place of the complaint", change(rights(OfficialAccountService, VerificationPersonal)), "spec.verification"},
		{"unknown accountType", change(rights("MiniProgram", VerificationVerified)), unsupported},
		{"unknown verification", change(rights(OfficialAccountService, "Famous")), unsupported},
		{"plaintext", change(mode(MessageModePlaintext)), ""},
		{"compatible", change(mode(MessageModeCompatible)), ""},
		{"unknown messageMode", change(mode("Encrypted")), unsupported},

		{"100 agents", change(refs(MaxOfficialAccountAgents)), ""},
		{"101 agents", change(refs(MaxOfficialAccountAgents + 1)), tooMany + " 100 items"},
		{"agent given twice", change(named("agent", "agent")), "Duplicate value"},
		{"agent with a name that no ImAccount has", change(named("Agent_1")), "spec.agents.accountRefs[0].name"},
		{"selected agents", change(refs(0), selector), ""},
		{"all accounts as agents", change(refs(0), func(s *spec) { s.Agents.Selector = &metav1.LabelSelector{} }), ""},
		{"agents named and selected", change(selector), oneOf},
		{"no agents", change(refs(0)), oneOf},
		{"sticky", change(routing(RoutingSticky)), ""},
		{"one after the other", change(routing(RoutingRoundRobin)), ""},
		{"least busy", change(routing(RoutingLeastBusy)), ""},
		{"unknown routing", change(routing("Random")), unsupported},
		{"session of a minute", change(idle(60)), ""},
		{"session of 59 s", change(idle(59)), "greater than or equal to 60"},
		{"session of two days", change(idle(172800)), ""},
		{"session of more", change(idle(172801)), "less than or equal to 172800"},

		{"least waiting", change(waiting(1, 3600)), ""},
		{"most waiting", change(waiting(100, 604800)), ""},
		{"no message may wait", change(waiting(0, 3600)), "spec.waiting.maxMessagesPerCustomer"},
		{"101 messages may wait", change(waiting(101, 3600)), "spec.waiting.maxMessagesPerCustomer"},
		{"waiting for 3599 s", change(waiting(1, 3599)), "spec.waiting.maxAgeSeconds"},
		{"waiting for more than a week", change(waiting(1, 604801)), "spec.waiting.maxAgeSeconds"},
		{"least media", change(media(65536, 300)), ""},
		{"most media", change(media(20971520, 259200)), ""},
		{"media of less than 64 KiB", change(media(65535, 300)), "spec.media.maxBytes"},
		{"media of more than 20 MiB", change(media(20971521, 300)), "spec.media.maxBytes"},
		{"links for 299 s", change(media(65536, 299)), "spec.media.linkValiditySeconds"},
		{"links for more than three days", change(media(65536, 259201)), "spec.media.linkValiditySeconds"},
	})
}

func TestAutomaticRepliesCreation(t *testing.T) {
	t.Parallel()
	fields := map[string]func(*AutomaticReplies) *string{
		"welcome":      func(r *AutomaticReplies) *string { return &r.Welcome },
		"transferring": func(r *AutomaticReplies) *string { return &r.Transferring },
		"outOfHours":   func(r *AutomaticReplies) *string { return &r.OutOfHours },
		"unsupported":  func(r *AutomaticReplies) *string { return &r.Unsupported },
	}
	for name, field := range fields {
		said := func(text string) func(*WeChatOfficialAccount) {
			return officialAccount(func(s *WeChatOfficialAccountSpec) {
				s.Replies = &AutomaticReplies{}
				*field(s.Replies) = text
			})
		}
		proveCreations(t, validOfficialAccount, copyOfficialAccount, []creation[WeChatOfficialAccount]{
			{name, said("您好，正在为您转接客服。\n请稍候"), ""},
			{name + " of 2046 bytes", said(chinese(682)), ""},
			{name + " of 2048 bytes", said(letters(2048)), ""},
			{name + " of 2049 bytes in Chinese", said(chinese(683)), name + " has at most 2048 bytes (a Chinese character counts 3): shorten it"},
			{name + " of 2049 letters", said(letters(2049)), "spec.replies." + name},
			{name + " of white space", said(" \n"), "spec.replies." + name},
			{name + " left out", said(""), ""},
		})
	}
}

// Clients other than Go's can send what is empty, which the types here leave out.
func TestEmptyValuesOfAWeChatOfficialAccountAreRefused(t *testing.T) {
	t.Parallel()
	c, namespace := newClient(t), env.Namespace(t)
	for i, tc := range []struct {
		path  string
		empty any
	}{
		{"spec.replies.welcome", ""},
		{"spec.replies.transferring", ""},
		{"spec.replies.outOfHours", ""},
		{"spec.replies.unsupported", ""},
		{"spec.followers.userIDPrefix", ""},
		{"spec.agents.accountRefs", []any{}},
	} {
		t.Run(tc.path, func(t *testing.T) {
			valid := validOfficialAccount.DeepCopy()
			valid.Namespace, valid.Name = namespace, fmt.Sprintf("case-%d", i)
			valid.SetGroupVersionKind(GroupVersion.WithKind("WeChatOfficialAccount"))
			content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(valid)
			if err != nil {
				t.Fatal(err)
			}
			delete(content, "status")
			if err := unstructured.SetNestedField(content, tc.empty, strings.Split(tc.path, ".")...); err != nil {
				t.Fatal(err)
			}
			check(t, c.Create(context.Background(), &unstructured.Unstructured{Object: content}), tc.path)
		})
	}
}

func TestFollowerPolicyCreation(t *testing.T) {
	t.Parallel()
	change := func(change func(*FollowerPolicy)) func(*WeChatOfficialAccount) {
		return officialAccount(func(s *WeChatOfficialAccountSpec) {
			s.Followers = &FollowerPolicy{}
			change(s.Followers)
		})
	}
	prefix := func(p string) func(*WeChatOfficialAccount) {
		return change(func(f *FollowerPolicy) { f.UserIDPrefix = p })
	}
	const where = "spec.followers.userIDPrefix"
	proveCreations(t, validOfficialAccount, copyOfficialAccount, []creation[WeChatOfficialAccount]{
		{"everything absent", change(func(*FollowerPolicy) {}), ""},
		{"import of followers", change(func(f *FollowerPolicy) { f.Import = FollowerImportOnFollow }), ""},
		{"import of writers", change(func(f *FollowerPolicy) { f.Import = FollowerImportOnMessage }), ""},
		{"unknown import", change(func(f *FollowerPolicy) { f.Import = "Never" }), unsupported},
		{"deletion", change(func(f *FollowerPolicy) { f.OnUnfollow = DeletionPolicyDelete }), ""},
		{"retention", change(func(f *FollowerPolicy) { f.OnUnfollow = DeletionPolicyRetain }), ""},
		{"unknown onUnfollow", change(func(f *FollowerPolicy) { f.OnUnfollow = "Block" }), unsupported},
		{"prefix of one byte", prefix("~"), ""},
		{"prefix of 4 bytes", prefix("wx_-"), ""},
		{"prefix of 5 bytes", prefix("wxoa-"), where},
		{"prefix that begins with @", prefix("@wx"), "UserIDs that begin with @ are IM's own: choose another userIDPrefix"},
		{"prefix with @ in it", prefix("w@x"), ""},
		{"prefix with a space", prefix("w x"), where},
		{"prefix with a control character", prefix("w\tx"), where},
		{"prefix in Chinese", prefix("客"), where},
	})
}

func TestBusinessHoursCreation(t *testing.T) {
	t.Parallel()
	week := []Weekday{WeekdayMonday, WeekdayTuesday, WeekdayWednesday, WeekdayThursday, WeekdayFriday, WeekdaySaturday, WeekdaySunday}
	change := func(change func(*BusinessHours)) func(*WeChatOfficialAccount) {
		return officialAccount(func(s *WeChatOfficialAccountSpec) {
			s.BusinessHours = &BusinessHours{
				TimeZone: "Asia/Shanghai", Periods: []BusinessPeriod{{Days: week[:5], From: "09:00", To: "18:00"}},
			}
			change(s.BusinessHours)
		})
	}
	zone := func(name string) func(*WeChatOfficialAccount) {
		return change(func(h *BusinessHours) { h.TimeZone = name })
	}
	hours := func(from, to string) func(*WeChatOfficialAccount) {
		return change(func(h *BusinessHours) { h.Periods[0].From, h.Periods[0].To = from, to })
	}
	days := func(days ...Weekday) func(*WeChatOfficialAccount) {
		return change(func(h *BusinessHours) { h.Periods[0].Days = days })
	}
	periods := func(n int) func(*WeChatOfficialAccount) {
		return change(func(h *BusinessHours) {
			h.Periods = []BusinessPeriod{}
			for i := range n {
				h.Periods = append(h.Periods, BusinessPeriod{Days: week, From: fmt.Sprintf("%02d:00", i), To: fmt.Sprintf("%02d:30", i)})
			}
		})
	}
	const (
		from  = "spec.businessHours.periods[0].from"
		to    = "spec.businessHours.periods[0].to"
		named = "spec.businessHours.timeZone"
	)
	proveCreations(t, validOfficialAccount, copyOfficialAccount, []creation[WeChatOfficialAccount]{
		{"working days", change(func(*BusinessHours) {}), ""},
		{"zone of Buenos Aires", zone("America/Argentina/Buenos_Aires"), ""},
		{"zone of Port-au-Prince", zone("America/Port-au-Prince"), ""},
		{"zone with a sign", zone("Etc/GMT+8"), ""},
		{"UTC", zone("UTC"), ""},
		{"zone of 64 characters", zone(letters(64)), ""}, // whether it exists is a condition's business
		{"zone of 65 characters", zone(letters(65)), named},
		{"no zone", zone(""), named},
		{"zone as an offset", zone("+08:00"), named},
		{"zone as a path", zone("../Asia/Shanghai"), named},
		{"zone with a space", zone("Asia/Hong Kong"), named},
		{"zone of the machine", zone("Local"), "Local is the time zone of whatever machine the operator runs on: name a zone, for example Asia/Shanghai"},

		{"the whole day", hours("00:00", "24:00"), ""},
		{"until midnight", hours("23:59", "00:00"), ""},
		{"over midnight", hours("22:00", "06:00"), ""},
		{"nothing, or the whole day", hours("09:00", "09:00"), "which is from 00:00 to 24:00: make them different"},
		{"from the end of the day", hours("24:00", "06:00"), from},
		{"from an hour that is none", hours("25:00", "06:00"), from},
		{"from a minute that is none", hours("09:60", "18:00"), from},
		{"from without a minute", hours("9", "18:00"), from},
		{"from with seconds", hours("09:00:00", "18:00"), from},
		{"to after the end of the day", hours("09:00", "24:01"), to},
		{"to without a leading zero", hours("22:00", "6:00"), to},
		{"to a minute that is none", hours("09:00", "18:75"), to},
		{"to nothing", hours("09:00", ""), to},

		{"seven days", days(week...), ""},
		{"no day", days([]Weekday{}...), "spec.businessHours.periods[0].days"},
		{"day given twice", days(WeekdayMonday, WeekdayMonday), "Duplicate value"},
		{"unknown day", days("Mon"), unsupported},
		{"14 periods", periods(14), ""},
		{"15 periods", periods(15), tooMany + " 14 items"},
		{"no period", periods(0), "spec.businessHours.periods"},
	})
}

func TestWeChatOfficialAccountUpdate(t *testing.T) {
	t.Parallel()
	type spec = WeChatOfficialAccountSpec
	change := officialAccount
	prefix := func(p string) func(*spec) { return func(s *spec) { s.Followers = &FollowerPolicy{UserIDPrefix: p} } }
	const fixed = "followers.userIDPrefix is immutable"
	proveUpdates(t, validOfficialAccount, copyOfficialAccount, []update[WeChatOfficialAccount]{
		{"appRef", nil, change(func(s *spec) { s.AppRef = otherApp }), "appRef is " + unchanged},
		{"appRef namespace added", nil, change(func(s *spec) { s.AppRef.Namespace = "platform" }), "appRef is " + unchanged},
		{"appID", nil, change(func(s *spec) { s.AppID = "wxba5fad812f8e6fb9" }), "appID is " + unchanged},
		{"prefix", change(prefix("wx-")), change(prefix("wy-")), fixed},
		{"prefix added", nil, change(prefix("wx-")), fixed},
		{"prefix added to a policy", change(prefix("")), change(prefix("wx-")), fixed},
		{"prefix removed", change(prefix("wx-")), change(prefix("")), fixed},
		{"prefix removed with the policy", change(prefix("wx-")), change(func(s *spec) { s.Followers = nil }), fixed},
		{"policy added without a prefix", nil, change(prefix("")), ""},
		{"policy, with the prefix kept", change(prefix("wx-")), change(func(s *spec) { s.Followers.OnUnfollow = DeletionPolicyDelete }), ""},
		{"verified", change(func(s *spec) { s.Verification = VerificationUnverified }), change(func(s *spec) { s.Verification = VerificationVerified }), ""},
		{"service account that becomes personal", nil, change(func(s *spec) { s.Verification = VerificationPersonal }), "spec.verification"},
		{"named agents to selected ones", nil, change(func(s *spec) {
			s.Agents = AgentSelection{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"desk": "wechat"}}}
		}), ""},
		{"everything else", nil, change(func(s *spec) {
			s.Endpoint, s.MessageMode, s.Routing = "https://sh.api.weixin.qq.com", MessageModeCompatible, RoutingLeastBusy
			s.CredentialsSecretRef.Name = "other"
		}), ""},
	})
}

func TestWeChatOfficialAccountStatus(t *testing.T) {
	t.Parallel()
	sessions := func(n int) []AgentSessions {
		list := make([]AgentSessions, n)
		for i := range list {
			list[i] = AgentSessions{AgentUserID: fmt.Sprintf("agent-%d", i), Count: int32(i)}
		}
		return list
	}
	c, namespace := newClient(t), env.Namespace(t)
	for i, tc := range []struct {
		name    string
		status  WeChatOfficialAccountStatus
		refused string
	}{
		{"everything", WeChatOfficialAccountStatus{
			CallbackPath: "/wechat/ns/shop/0123", OriginalID: "gh_7f083739789a", Followers: 1 << 40, ActiveSessions: 50,
			RelayedToAgents: 1 << 40, RelayedToCustomers: 1 << 40, Waiting: 3, DeadLetters: 1, UnknownOutcomes: 2,
			LastInboundTime: &metav1.Time{Time: time.Unix(1763848260, 0)}, Agents: 100, Sessions: sessions(100),
		}, ""},
		{"101 agents with sessions", WeChatOfficialAccountStatus{Sessions: sessions(101)}, tooMany + " 100 items"},
		{"agent given twice", WeChatOfficialAccountStatus{Sessions: append(sessions(1), sessions(1)...)}, "Duplicate value"},
		{"agent without a name", WeChatOfficialAccountStatus{Sessions: []AgentSessions{{Count: 1}}}, "status.sessions[0].agentUserID"},
		{"fewer than no sessions", WeChatOfficialAccountStatus{Sessions: []AgentSessions{{AgentUserID: "agent", Count: -1}}}, "status.sessions[0].count"},
		{"long path", WeChatOfficialAccountStatus{CallbackPath: letters(513)}, "status.callbackPath"},
		{"long originalID", WeChatOfficialAccountStatus{OriginalID: letters(65)}, "status.originalID"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := validOfficialAccount.DeepCopy()
			o.Namespace, o.Name = namespace, fmt.Sprintf("case-%d", i)
			if err := c.Create(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			o.Status = tc.status
			check(t, c.Status().Update(context.Background(), o), tc.refused)
		})
	}
}
