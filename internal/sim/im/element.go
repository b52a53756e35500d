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

import (
	"encoding/json"
	"strconv"
)

// downloadable is the only value of the flags that say how a file is fetched:
// by its URL.
const downloadable = "2"

// contentRule says what the value of a field in an element's content must be.
type contentRule func(value any) bool

// elementRules lists, per type of element, the content fields that a message
// must have.
var elementRules = map[string]map[string]contentRule{
	"TIMTextElem":     {"Text": isText},
	"TIMLocationElem": {"Desc": isText, "Latitude": isNumber, "Longitude": isNumber},
	"TIMFaceElem":     {"Index": isInteger, "Data": isText},
	"TIMCustomElem":   {"Data": isText},
	"TIMSoundElem":    {"Url": isText, "UUID": isText, "Download_Flag": isDownloadable},
	"TIMImageElem":    {"UUID": isText, "ImageInfoArray": isPictures},
	"TIMFileElem":     {"Url": isText, "UUID": isText, "Download_Flag": isDownloadable},
	"TIMVideoFileElem": {
		"VideoUrl": isText, "VideoUUID": isText, "VideoDownloadFlag": isDownloadable,
		"ThumbUrl": isText, "ThumbUUID": isText, "ThumbDownloadFlag": isDownloadable,
		"ThumbSize": isInteger, "ThumbWidth": isInteger, "ThumbHeight": isInteger,
	},
	"TIMRelayElem": {"Title": isText, "MsgNum": isInteger, "CompatibleText": isText},
}

// pictureRules lists the fields of one size of an image. Its URL is spelled in
// capitals, unlike the others.
var pictureRules = map[string]contentRule{"URL": isText, "Width": isInteger, "Height": isInteger}

func isText(value any) bool {
	_, ok := value.(string)
	return ok
}

func isNumber(value any) bool {
	_, ok := value.(json.Number)
	return ok
}

func isInteger(value any) bool {
	number, ok := value.(json.Number)
	if !ok {
		return false
	}
	_, err := strconv.ParseInt(number.String(), 10, 64)
	return err == nil
}

func isDownloadable(value any) bool {
	number, ok := value.(json.Number)
	return ok && number.String() == downloadable
}

func isPictures(value any) bool {
	pictures, _ := value.([]any)
	for _, picture := range pictures {
		if fields, ok := picture.(map[string]any); !ok || !keeps(fields, pictureRules) {
			return false
		}
	}
	return len(pictures) > 0
}

// keeps reports whether the fields have all that the rules demand; what they do
// not mention may be anything.
func keeps(fields map[string]any, rules map[string]contentRule) bool {
	for name, rule := range rules {
		if !rule(fields[name]) {
			return false
		}
	}
	return true
}

// wellFormedElements checks types and fields of the elements; a message has at
// most one custom element.
func wellFormedElements(elements []any) bool {
	customs := 0
	for _, element := range elements {
		object, _ := element.(map[string]any)
		kind, _ := object["MsgType"].(string)
		content, hasContent := object["MsgContent"].(map[string]any)
		rules, known := elementRules[kind]
		if !known || !hasContent || !keeps(content, rules) {
			return false
		}
		if kind == "TIMCustomElem" {
			customs++
		}
	}
	return customs <= 1
}
