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

package im

// RegionEndpoint is the address of the data centre that serves the applications of a region: China, Singapore,
// Seoul, Tokyo, Frankfurt, SiliconValley or Jakarta. The region is a property of the application (SDKAppID), not
// of the caller; a wrong one shows up as Unauthorized (codes 70016 and 70020).
func RegionEndpoint(region string) (string, bool) {
	host, ok := regionHosts[region]
	if !ok {
		return "", false
	}
	return "https://" + host, true
}

var regionHosts = map[string]string{
	"China":         "console.tim.qq.com",
	"Singapore":     "adminapisgp.im.qcloud.com",
	"Seoul":         "adminapikr.im.qcloud.com",
	"Tokyo":         "adminapijpn.im.qcloud.com",
	"Frankfurt":     "adminapiger.im.qcloud.com",
	"SiliconValley": "adminapiusa.im.qcloud.com",
	"Jakarta":       "adminapiidn.im.qcloud.com",
}
