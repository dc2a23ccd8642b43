#!/usr/bin/env bash
# Makes the font of charts from Debian's fonts-dejavu-core, by `pyftsubset` of fonttools (PyPI).
set -euo pipefail
cd "$(dirname "$0")"

pyftsubset /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf --output-file=DejaVuSans.ttf \
    --no-hinting --layout-features='kern,mark,mkmk' --name-IDs='*' \
    --unicodes="U+0020-007E,U+00A0-017F,U+018F,U+0192,U+01CD-01DC,U+0218-021B,U+02C6-02DD,\
U+0384-03CE,U+0400-045F,U+0490-0491,U+04D8-04D9,U+04E8-04E9,U+1E80-1E85,U+1E9E,U+1EF2-1EF3,\
U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2032-2033,U+2039-203A,U+2044,U+20AC,U+2116,U+2122,U+2190-2193,U+2212,U+2248,U+2260,U+2264-2265,U+25A1,U+25CF"
