# Sourced by build.sh: how each library is built. A function is called in its
# unpacked source with CC, CFLAGS, HOST, JOBS and PREFIX set. Together with
# pins this file is the key of the cache: what is changed here is built anew.

# name, source package; the order is that of the dependencies.
LIBRARIES="
musl     musl
libuv    libuv1
cjson    cjson
llhttp   nodejs
libmd    libmd
libbsd   libbsd
mbedtls  mbedtls
curl     curl
"

# musl: static and hardened, no debug data (it would hold paths).
# host: for the tests with sanitizers, so with debug data and frames.
VARIANT_CFLAGS_musl="-Os -g0 -fPIE -fstack-protector-strong
	-fstack-clash-protection -ftrivial-auto-var-init=zero
	-ffunction-sections -fdata-sections -fno-plt
	-fno-asynchronous-unwind-tables -fno-unwind-tables
	-flto -ffat-lto-objects"
VARIANT_CFLAGS_host="-O1 -g -fno-omit-frame-pointer"
COMMON_CFLAGS="-std=gnu11 -pipe -fno-strict-aliasing -D_GNU_SOURCE"

# Automake's rules must not run its tools again because Debian's patches gave
# some file a newer date.
NO_AUTOTOOLS="ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=:"

build_musl() {
	local d
	./configure CC=gcc CFLAGS="-Os -g0 -pipe -fPIE -ffunction-sections \
		-fdata-sections -fstack-clash-protection $MAP" \
		--prefix="$PREFIX" --syslibdir="$PREFIX/lib" \
		--disable-shared --enable-wrapper=gcc --disable-debug
	make -j"$JOBS"
	make install
	# The kernel's own headers, which musl does not bring.
	for d in linux asm-generic mtd; do
		ln -sfn "/usr/include/$d" "$PREFIX/include/$d"
	done
	ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$PREFIX/include/asm"
}

build_libuv() {
	cmake -B out -DCMAKE_C_COMPILER="$CC" -DCMAKE_BUILD_TYPE=None \
		-DCMAKE_C_FLAGS="$CFLAGS" -DCMAKE_INSTALL_PREFIX="$PREFIX" \
		-DCMAKE_INSTALL_LIBDIR=lib -DLIBUV_BUILD_SHARED=OFF \
		-DBUILD_TESTING=OFF
	make -C out -j"$JOBS"
	make -C out install
}

build_cjson() {
	$CC $CFLAGS -DNDEBUG -c cJSON.c -o cJSON.o
	ar rcsD "$PREFIX/lib/libcjson.a" cJSON.o
	install -Dm644 cJSON.h "$PREFIX/include/cjson/cJSON.h"
}

build_llhttp() {
	local f
	for f in api http llhttp; do
		$CC $CFLAGS -Iinclude -c "src/$f.c" -o "$f.o"
	done
	ar rcsD "$PREFIX/lib/libllhttp.a" api.o http.o llhttp.o
	install -m644 include/llhttp.h "$PREFIX/include/"
}

build_libmd() {
	./configure --host="$HOST" --prefix="$PREFIX" --disable-shared \
		$NO_AUTOTOOLS CC="$CC" CFLAGS="$CFLAGS"
	make -j"$JOBS" SUBDIRS="include src"
	make SUBDIRS="include src" install
}

build_libbsd() {
	# musl 1.2.4 and later hide off64_t without this define.
	./configure --host="$HOST" --prefix="$PREFIX" --disable-shared \
		$NO_AUTOTOOLS CC="$CC" LDFLAGS="-L$PREFIX/lib" \
		CFLAGS="$CFLAGS -D_LARGEFILE64_SOURCE -isystem $PREFIX/include"
	make -j"$JOBS" SUBDIRS="include src"
	make SUBDIRS="include src" install
}

# What a client of today's HTTPS servers does not use.
MBEDTLS_OFF="
SSL_SRV_C DEBUG_C SELF_TEST SSL_PROTO_DTLS SSL_DTLS_ANTI_REPLAY
SSL_DTLS_HELLO_VERIFY SSL_DTLS_CLIENT_PORT_REUSE SSL_DTLS_CONNECTION_ID
SSL_CACHE_C SSL_COOKIE_C SSL_TICKET_C SSL_RENEGOTIATION X509_CREATE_C
X509_CRT_WRITE_C X509_CSR_WRITE_C X509_CSR_PARSE_C LMS_C CAMELLIA_C ARIA_C
DES_C PKCS5_C PKCS12_C NIST_KW_C PSA_ITS_FILE_C PSA_CRYPTO_STORAGE_C
KEY_EXCHANGE_PSK_ENABLED KEY_EXCHANGE_DHE_PSK_ENABLED
KEY_EXCHANGE_ECDHE_PSK_ENABLED KEY_EXCHANGE_RSA_PSK_ENABLED
KEY_EXCHANGE_RSA_ENABLED KEY_EXCHANGE_DHE_RSA_ENABLED DHM_C
KEY_EXCHANGE_ECDH_RSA_ENABLED KEY_EXCHANGE_ECDH_ECDSA_ENABLED ECJPAKE_C
ECP_DP_SECP192R1_ENABLED ECP_DP_SECP224R1_ENABLED ECP_DP_SECP192K1_ENABLED
ECP_DP_SECP224K1_ENABLED ECP_DP_SECP256K1_ENABLED ECP_DP_BP256R1_ENABLED
ECP_DP_BP384R1_ENABLED ECP_DP_BP512R1_ENABLED ECP_DP_CURVE448_ENABLED
RIPEMD160_C CMAC_C CCM_C PKCS7_C GENPRIME PEM_WRITE_C SHA3_C
X509_CRL_PARSE_C MD5_C ECDSA_DETERMINISTIC HMAC_DRBG_C VERSION_FEATURES
CIPHER_MODE_CFB CIPHER_MODE_CTR CIPHER_MODE_OFB CIPHER_MODE_XTS
CIPHER_PADDING_ONE_AND_ZEROS CIPHER_PADDING_ZEROS_AND_LEN CIPHER_PADDING_ZEROS
CHACHA20_C CHACHAPOLY_C POLY1305_C SSL_SESSION_TICKETS
SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_ENABLED
SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
SSL_CONTEXT_SERIALIZATION SSL_KEYING_MATERIAL_EXPORT SSL_MAX_FRAGMENT_LENGTH
"
# Smaller at the cost of speed that a few kilobytes a step do not need.
MBEDTLS_ON="THREADING_C THREADING_PTHREAD SHA256_SMALLER SHA512_SMALLER"

# mbedTLS 3.6.6's TLS 1.2 client offers RSA-PSS signatures and then refuses
# them, which is most RSA servers (upstream: Mbed-TLS/mbedtls pull 10674). The
# code that checks such a signature is there; only this test of its name lacks.
accept_pss_in_tls12() {
	local file=library/ssl_misc.h
	local name=mbedtls_ssl_tls12_sig_alg_is_supported n
	! sed -n "/inline int $name(/,/^}/p" $file | grep -q RSA_PSS || return 0
	n=$(sed -n "/inline int $name(/,/^{/=" $file | tail -n 1)
	sed -i "${n:?}a if (sig_alg == MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256 || \\
		sig_alg == MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384 || \\
		sig_alg == MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512) return 1;" $file
}

build_mbedtls() {
	local o
	accept_pss_in_tls12
	# mbedTLS calls getrandom(2) under glibc only and opens /dev/urandom
	# elsewhere, which an empty chroot does not have.
	sed -i 's/defined(__linux__) && defined(__GLIBC__)/defined(__linux__)/' \
		library/entropy_poll.c
	! grep __GLIBC__ library/entropy_poll.c
	for o in $MBEDTLS_OFF; do
		python3 scripts/config.py unset "MBEDTLS_$o"
	done
	for o in $MBEDTLS_ON; do
		python3 scripts/config.py set "MBEDTLS_$o"
	done
	make -j"$JOBS" lib CC="$CC" CFLAGS="$CFLAGS"
	cp library/lib*.a "$PREFIX/lib/"
	cp -R include/mbedtls include/psa "$PREFIX/include/"
}

# HTTP and HTTPS only, through proxies too.
CURL_OFF="ftp file ldap ldaps rtsp dict telnet tftp pop3 imap smb smtp gopher
	mqtt ipfs websockets manual docs libcurl-option ntlm negotiate-auth
	kerberos-auth aws doh netrc alt-svc hsts cookies form-api mime tls-srp
	progress-meter digest-auth bearer-auth headers-api verbose dependency-tracking shared"
CURL_WITHOUT="ca-bundle ca-path ca-fallback libpsl libidn2 nghttp2 ngtcp2
	nghttp3 brotli zstd zlib libssh2 librtmp libgsasl"

build_curl() {
	local pie=
	[ "$VARIANT" != musl ] || pie=-static-pie
	./configure --host="$HOST" --prefix="$PREFIX" $NO_AUTOTOOLS \
		--with-mbedtls="$PREFIX" --enable-http --enable-proxy \
		--enable-ipv6 --enable-unix-sockets \
		--enable-threaded-resolver --enable-pthreads \
		$(printf -- '--disable-%s ' $CURL_OFF) \
		$(printf -- '--without-%s ' $CURL_WITHOUT) \
		CC="$CC" CFLAGS="$CFLAGS" CPPFLAGS="-isystem $PREFIX/include" \
		LDFLAGS="-L$PREFIX/lib $pie" PKG_CONFIG_LIBDIR="$PREFIX/lib/pkgconfig"
	make -j"$JOBS" -C lib libcurl.la
	cp lib/.libs/libcurl.a "$PREFIX/lib/"
	make -C include install
}
