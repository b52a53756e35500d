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

package translation

import (
	"bytes"
	"encoding/json"

	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

const (
	// The provider asks for sizes that WeChat does not tell. Clients show pictures in
	// their own size once they are loaded.
	unknownSide, unknownSeconds = 240, 1
	// downloadFlag: the file is at a URL, the only value that the contract knows.
	downloadFlag = 2
	// imageFormatJPG is what most pictures of customers are; WeChat does not say.
	imageFormatJPG = 1
)

// element of a message body.
type element struct {
	MsgType    string `json:"MsgType"`
	MsgContent any    `json:"MsgContent"`
}

type location struct {
	Desc      string  `json:"Desc"`
	Latitude  float64 `json:"Latitude"`
	Longitude float64 `json:"Longitude"`
}

type custom struct {
	Data  string `json:"Data"`
	Desc  string `json:"Desc"`
	Ext   string `json:"Ext"`
	Sound string `json:"Sound"`
}

func text(s string) element {
	return element{message.TypeText, struct {
		Text string `json:"Text"`
	}{s}}
}

func picture(url, id string) element {
	type info struct {
		Type   int    `json:"Type"`
		Size   int    `json:"Size"`
		Width  int    `json:"Width"`
		Height int    `json:"Height"`
		URL    string `json:"URL"`
	}
	// The same file in the three sizes that clients look for.
	infos := make([]info, 3)
	for i := range infos {
		infos[i] = info{Type: i + 1, Width: unknownSide, Height: unknownSide, URL: url}
	}
	return element{message.TypeImage, struct {
		UUID           string `json:"UUID"`
		ImageFormat    int    `json:"ImageFormat"`
		ImageInfoArray []info `json:"ImageInfoArray"`
	}{id, imageFormatJPG, infos}}
}

func sound(url, id string) element {
	return element{message.TypeSound, struct {
		URL          string `json:"Url"`
		UUID         string `json:"UUID"`
		Size         int    `json:"Size"`
		Second       int    `json:"Second"`
		DownloadFlag int    `json:"Download_Flag"`
	}{url, id, 0, unknownSeconds, downloadFlag}}
}

func video(url, id, thumbURL, thumbID string) element {
	return element{message.TypeVideo, struct {
		VideoURL          string `json:"VideoUrl"`
		VideoUUID         string `json:"VideoUUID"`
		VideoSize         int    `json:"VideoSize"`
		VideoSecond       int    `json:"VideoSecond"`
		VideoFormat       string `json:"VideoFormat"`
		VideoDownloadFlag int    `json:"VideoDownloadFlag"`
		ThumbURL          string `json:"ThumbUrl"`
		ThumbUUID         string `json:"ThumbUUID"`
		ThumbSize         int    `json:"ThumbSize"`
		ThumbWidth        int    `json:"ThumbWidth"`
		ThumbHeight       int    `json:"ThumbHeight"`
		ThumbFormat       string `json:"ThumbFormat"`
		ThumbDownloadFlag int    `json:"ThumbDownloadFlag"`
	}{url, id, 0, unknownSeconds, "mp4", downloadFlag, thumbURL, thumbID, 0, unknownSide, unknownSide, "jpg", downloadFlag}}
}

// encode writes JSON without the escapes that only web pages need: they would take
// six times the room. What is encoded here has no value that JSON cannot hold: a
// location without a position on the globe is none.
func encode(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
