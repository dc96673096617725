package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/big"
	"math/rand"
	"net/http"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	_ "time/tzdata"
)

func registerData(mux *http.ServeMux) {
	mux.HandleFunc("/hash", hashes)
	mux.HandleFunc("/crypto", ciphers)
	mux.HandleFunc("/math", maths)
	mux.HandleFunc("/regexp", regexps)
	mux.HandleFunc("/sort", sorts)
	mux.HandleFunc("/decode", decode)
	mux.HandleFunc("/codec", codecs)
	mux.HandleFunc("/time", times)
	mux.HandleFunc("/png", picture)
}

func hashes(w http.ResponseWriter, r *http.Request) {
	crc, m5, s1, s256, s512 := crc32.New(crc32.MakeTable(crc32.Castagnoli)), md5.New(), sha1.New(), sha256.New(), sha512.New()
	n, err := io.Copy(io.MultiWriter(crc, m5, s1, s256, s512), r.Body)
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(out, "length\t%d\ncrc32c\t%08x\nmd5\t%x\nsha1\t%x\nsha256\t%x\nsha512\t%x\n", n, crc.Sum32(), m5.Sum(nil), s1.Sum(nil), s256.Sum(nil), s512.Sum(nil))
	_ = out.Flush()
}

func ciphers(w http.ResponseWriter, r *http.Request) {
	key := sha256.Sum256([]byte("key"))
	block, _ := aes.NewCipher(key[:])
	gcm, _ := cipher.NewGCM(block)
	sealed := gcm.Seal(nil, key[:12], bytes.Repeat([]byte("plain text "), 500), []byte("extra"))
	opened, err := gcm.Open(nil, key[:12], sealed, []byte("extra"))
	stream := make([]byte, 1000)
	cipher.NewCTR(block, key[:16]).XORKeyStream(stream, stream)
	mac := hmac.New(sha512.New, key[:])
	mac.Write(sealed)
	signer := ed25519.NewKeyFromSeed(key[:])
	signature := ed25519.Sign(signer, sealed)
	writeJSON(w, 200, map[string]any{
		"sealed": hex.EncodeToString(sealed[len(sealed)-32:]), "opened": len(opened), "error": err, "stream": base64.StdEncoding.EncodeToString(stream[980:]),
		"mac": hex.EncodeToString(mac.Sum(nil)), "signature": hex.EncodeToString(signature),
		"verified": ed25519.Verify(signer.Public().(ed25519.PublicKey), sealed, signature),
	})
}

func maths(w http.ResponseWriter, r *http.Request) {
	product := new(big.Int).MulRange(1, 300)
	power := new(big.Int).Exp(big.NewInt(7), big.NewInt(1<<20+7), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 521), big.NewInt(1)))
	ratio := big.NewRat(1, 1)
	for i := int64(1); i < 40; i++ {
		ratio.Add(ratio, big.NewRat(1, i*i))
	}
	var floats []string
	for _, x := range []float64{0.1, 1, 2.5, -3.75, 1e300, 5e-324, math.Pi} {
		floats = append(floats, fmt.Sprint(math.Sqrt(math.Abs(x)), math.Sin(x), math.Exp(-x), math.Log1p(math.Abs(x)), math.FMA(x, x, 1), math.Floor(x), math.Round(x), math.Trunc(x), float32(x)))
	}
	source := rand.New(rand.NewSource(42))
	writeJSON(w, 200, map[string]any{"factorial": product.String(), "power": power.Text(36), "ratio": ratio.FloatString(50), "floats": floats, "random": []any{source.Int63(), source.NormFloat64(), source.Perm(8)}, "int": strconv.FormatInt(math.MinInt64, 2)})
}

func regexps(w http.ResponseWriter, r *http.Request) {
	text := strings.Repeat("alice <alice@example.test>, bob_2 (bob@sub.example.test); x@y ", 50)
	mail := regexp.MustCompile(`(?i)([a-z_0-9.]+)@((?:[a-z]+\.)+test)`)
	writeJSON(w, 200, map[string]any{
		"found": len(mail.FindAllString(text, -1)), "first": mail.FindStringSubmatchIndex(text),
		"replaced": mail.ReplaceAllString(text[:70], "${2} at $1"), "words": regexp.MustCompile(`\p{L}+`).FindAllString("grüße aus Köln, 東京 и Москва", -1),
		"long": regexp.MustCompile(`(a|aa)+$`).MatchString(strings.Repeat("a", 5000)),
	})
}

func sorts(w http.ResponseWriter, r *http.Request) {
	source := rand.New(rand.NewSource(7))
	items := make([]item, 20000)
	for i := range items {
		items[i] = item{strconv.Itoa(source.Intn(1000)), source.Float64(), ""}
	}
	sort.SliceStable(items, func(i, j int) bool { return items[i].Name < items[j].Name })
	sum := sha256.New()
	for _, it := range items {
		fmt.Fprintf(sum, "%s %g\n", it.Name, it.Price)
	}
	fmt.Fprintf(w, "%x\n", sum.Sum(nil))
}

// decode parses a JSON body strictly and shows it in other forms.
func decode(w http.ResponseWriter, r *http.Request) {
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	var value struct {
		Items []item         `json:"items" xml:"item"`
		Rest  map[string]any `json:"rest" xml:"-"`
		When  time.Time      `json:"when"`
	}
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		writeJSON(w, 400, map[string]string{"error": err.Error(), "type": fmt.Sprintf("%T", err)})
		return
	}
	asXML, _ := xml.MarshalIndent(value.Items, "", " ")
	writeJSON(w, 200, map[string]any{"value": value, "xml": string(asXML), "go": fmt.Sprintf("%+v", value)})
}

func codecs(w http.ResponseWriter, r *http.Request) {
	text := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog; ", 3000))
	var deflated, zipped, gobbed bytes.Buffer
	to, _ := flate.NewWriter(&deflated, 9)
	_, _ = to.Write(text)
	_ = to.Close()
	z := zlib.NewWriter(&zipped)
	_, _ = z.Write(text)
	_ = z.Close()
	back, _ := zlib.NewReader(&zipped)
	inflated, err := io.ReadAll(back)
	_ = gob.NewEncoder(&gobbed).Encode([]item{{"a", 1, "b"}})
	var archive bytes.Buffer
	files := zip.NewWriter(&archive)
	for _, name := range []string{"a.txt", "sub/b.txt"} {
		f, _ := files.Create(name)
		_, _ = f.Write(text[:1000])
	}
	_ = files.Close()
	writeJSON(w, 200, map[string]any{"deflated": deflated.Len(), "same": bytes.Equal(inflated, text), "error": err, "gob": gobbed.Len(), "zip": fmt.Sprintf("%x", sha256.Sum256(archive.Bytes()))})
}

func times(w http.ResponseWriter, r *http.Request) {
	var lines []string
	for _, name := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			lines = append(lines, err.Error())
			continue
		}
		lines = append(lines, time.Unix(1700000000, 123456789).In(zone).Format(time.RFC3339Nano+" Monday MST"))
	}
	took, _ := time.ParseDuration("1h15m30.918273645s")
	writeJSON(w, 200, map[string]any{"lines": lines, "duration": took.Round(time.Millisecond).String(), "recent": time.Now().Year() > 2023, "local": time.Local.String()})
}

func picture(w http.ResponseWriter, r *http.Request) {
	picture := image.NewRGBA(image.Rect(0, 0, 128, 96))
	for y := 0; y < 96; y++ {
		for x := 0; x < 128; x++ {
			picture.Set(x, y, color.RGBA{uint8(x * 2), uint8(y * 2), uint8(x ^ y), 255})
		}
	}
	w.Header().Set("Content-Type", "image/png")
	_ = png.Encode(w, picture)
}
