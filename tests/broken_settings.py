"""Settings as people have them, sound and broken, and for each broken one the setting that must be named."""

from collections.abc import Mapping
from typing import Final, NamedTuple

SECRET_KEY: Final = "a-key-for-tests-only-of-32-characters"
JWT_SECRET: Final = "a-secret-for-tests-only-of-32-bytes"
PASSKEY: Final = "3f6b0a1c9d8e7f2045" + "ab" * 23
SECRETS: Final = (SECRET_KEY, JWT_SECRET, PASSKEY, "hunter", "TOKEN-OF-A-BOT")
"""What no line may repeat, nor a piece of it."""

SIMULATOR: Final[Mapping[str, str]] = {
    "MPESA_ENVIRONMENT": "simulator",
    "POKEA_SECRET_KEY": SECRET_KEY,
    "POKEA_JWT_SECRET": JWT_SECRET,
}
PRODUCTION: Final[Mapping[str, str]] = {
    "MPESA_ENVIRONMENT": "production",
    "MPESA_CONSUMER_KEY": "Xk3Vb9",
    "MPESA_CONSUMER_SECRET": "q8Rt2W",
    "MPESA_PASSKEY": PASSKEY,
    "MPESA_SHORTCODE": "600001",
    "MPESA_CALLBACK_URL": "https://pay.duka.co.ke/api/v1/payments/stk/callback",
    "POKEA_DATABASE_URL": "postgresql://pokea:hunter2@db/pokea",
    "POKEA_SECRET_KEY": SECRET_KEY,
    "POKEA_JWT_SECRET": JWT_SECRET,
}
SANDBOX: Final[Mapping[str, str]] = {**PRODUCTION, "MPESA_ENVIRONMENT": "sandbox"}
ISSUER: Final[Mapping[str, str]] = {
    "POKEA_JWKS_URL": "https://id.duka.co.ke/keys",
    "POKEA_JWT_ISSUER": "https://id.duka.co.ke",
    "POKEA_JWT_AUDIENCE": "pokea",
}


class Broken(NamedTuple):
    """One setting that is wrong, and words of the sentence about it. One that is `unreadable` stops every command."""

    setting: str
    value: str
    words: str
    unreadable: bool = False

    def __str__(self) -> str:
        return f"{self.setting}={self.value!r}"


ANYWHERE: Final = (
    Broken("MPESA_ENVIRONMENT", "live", "did you mean production", True),
    Broken("MPESA_ENVIRONMENT", "Sandbox", "did you mean sandbox", True),
    Broken("MPESA_ENVIRONMENT", '"sandbox"', "quotes", True),
    Broken("MPESA_TRANSACTION_TYPE", "CustomerBuyGoods", "did you mean CustomerBuyGoodsOnline", True),
    Broken("POKEA_BOOKING_FEE", "1,500", "whole number", True),
    Broken("POKEA_BOOKING_FEE", "0", "at least 1", True),
    Broken("POKEA_BOOKING_FEE", "12.50", "whole number", True),
    Broken("POKEA_QUERY_RATE", "abc", "a number", True),
    Broken("POKEA_QUERY_RATE", "nan", "at most 100", True),
    Broken("POKEA_CONFIRM_FROM", "-1", "at least 1", True),
    Broken("POKEA_PUSH_LIMIT_PHONE", "five", "whole number", True),
    Broken("POKEA_PUSH_LIMIT_PHONE", "9" * 20, "at most", True),
    Broken("POKEA_LINK_LIMIT", "9" * 20, "at most", True),
    Broken("POKEA_API_DOCS", "maybe", "must be true or false", True),
    Broken("POKEA_TRUSTED_PROXIES", "proxy.internal", "no IP address", True),
    Broken("POKEA_CALLBACK_ALLOWED_IPS", "196.201.212.0/33", "no IP address", True),
    Broken("MPESA_CALLBACK_URL", "https://[your-domain]/x", "whole address"),
    Broken("MPESA_CALLBACK_URL", "pay.duka.co.ke/api/v1/payments/stk/callback", "https://"),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke:port/api/v1/payments/stk/callback", "port"),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke", "no path"),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke//api/v1/payments/stk/callback", "doubled slash"),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke/api/v1/payments/stk/callback/" + "0a" * 24, "token"),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke/api/v1/payments/stk/callback?x=1", "query"),
    Broken("MPESA_CALLBACK_URL", "https://a:hunter2@pay.duka.co.ke/api/v1/payments/stk/callback", "user"),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke/api/v1\n/payments/stk/callback", "line break", True),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke/api/v1/payments/stk/call\u200bback", "U+200B", True),
    Broken("MPESA_BASE_URL", "api.safaricom.co.ke", "whole address"),
    Broken("MPESA_BASE_URL", "ftp://api.safaricom.co.ke", "whole address"),
    Broken("MPESA_BASE_URL", "https://a:hunter2@daraja.duka.co.ke", "user"),
    Broken("MPESA_SHORTCODE", "1234", "5 to 7 digits"),
    Broken("MPESA_SHORTCODE", "١٧٤٣٧٩", "5 to 7 digits"),
    Broken("MPESA_SHORTCODE", "600 001", "5 to 7 digits"),
    Broken("MPESA_TILL", "my till", "5 to 7 digits"),
    Broken("MPESA_PASSKEY", "abc\u2060def", "U+2060", True),
    Broken("MPESA_INITIATOR_NAME", "your_initiator", "placeholder"),
    Broken("MPESA_INITIATOR_NAME", "api op 37", "copy it anew"),
    Broken("MPESA_INITIATOR_NAME", "a" * 61, "60 characters", True),
    Broken("MPESA_INITIATOR_PASSWORD", "<password>", "placeholder"),
    Broken("MPESA_INITIATOR_PASSWORD_SET_ON", "31.01.2026", "as 2026-01-31", True),
    Broken("MPESA_INITIATOR_PASSWORD_SET_ON", "2026-02-30", "as 2026-01-31", True),
    Broken("MPESA_INITIATOR_PASSWORD_SET_ON", "1700000000", "as 2026-01-31", True),
    Broken("MPESA_INITIATOR_PASSWORD_SET_ON", "2999-01-31", "ahead of today"),
    Broken("MPESA_SECURITY_CREDENTIAL", "not base64", "base64"),
    Broken("MPESA_SECURITY_CREDENTIAL", "aHVudGVyMg==", "7 bytes"),
    Broken("MPESA_B2C_SHORTCODE", "254712345678", "5 to 7 digits"),
    Broken("POKEA_MONEY_OUT", "On", "did you mean on", True),
    Broken("POKEA_OUT_LIMIT_ONE", "250001", "at most 250000", True),
    Broken("POKEA_OUT_LIMIT_ONE", "0", "at least 1", True),
    Broken("POKEA_OUT_LIMIT_DAY", "10.5", "whole number", True),
    Broken("POKEA_STATUS_RATE", "601", "at most 600", True),
    Broken("POKEA_STATUS_RATE", "0", "at least 1", True),
    Broken("POKEA_COMMISSION_PERCENT", "ten", "a number", True),
    Broken("POKEA_COMMISSION_PERCENT", "100.01", "at most 100", True),
    Broken("POKEA_COMMISSION_PERCENT", "2.555", "at most 2 decimals", True),
    Broken("POKEA_COMMISSION_PERCENT", "NaN", "a number", True),
    Broken("POKEA_RELEASE_AFTER_HOURS", "0", "at least 1", True),
    Broken("POKEA_SECRET_KEY", "short", "too short"),
    Broken("POKEA_PREVIOUS_SECRET_KEY", "a", "too short"),
    Broken("POKEA_JWT_SECRET", "short", "too short"),
    Broken("POKEA_METRICS_TOKEN", "two words", "no header"),
    Broken("POKEA_METRICS_TOKEN", "schlüssel", "no header"),
    Broken("POKEA_JWKS_URL", "https://id.duka.co.ke/keys", "POKEA_JWT_ISSUER"),
    Broken("POKEA_ALLOWED_ORIGINS", "shop.duka.co.ke", "scheme"),
    Broken("POKEA_ALLOWED_ORIGINS", "https://shop.duka.co.ke https://Shop.duka.co.ke", "small letters"),
    Broken("POKEA_ALLOWED_ORIGINS", "https://shop.duka.co.ke/checkout", "without a path"),
    Broken("POKEA_ALLOWED_ORIGINS", "https://shop.duka.co.ke:443", ":443"),
    Broken("POKEA_ALLOWED_ORIGINS", "https://*.duka.co.ke", "without *"),
    Broken("POKEA_ALLOWED_ORIGINS", "ftp://shop.duka.co.ke", "https://"),
    Broken("POKEA_ALLOWED_ORIGINS", "null", "scheme"),
    Broken("POKEA_ALLOWED_ORIGINS", "https://dükä.ke", "xn--"),
    Broken("POKEA_DATABASE_URL", "sqlite:///", "names no file"),
    Broken("POKEA_DATABASE_URL", "sqlite:///:memory:", "in memory"),
    Broken("POKEA_DATABASE_URL", "pokea.sqlite3", "must begin with"),
    Broken("POKEA_DATABASE_URL", "postgresql://u:hunter2@h:port/x", "port"),
    Broken("POKEA_DATABASE_URL", "postgresql://u:hun@ter2@db/x", "%40"),
    Broken("POKEA_DATABASE_URL", "postgresql://u:hun/ter2@db/x", "%2F"),
    Broken("POKEA_DATABASE_URL", "sqlite:///pokea.sqlite3?timeout=abc", "%3F"),
    Broken("POKEA_DATABASE_URL", "sqlite:///po%00kea", "cannot be seen"),
    Broken("POKEA_DATABASE_URL", "postgresql://u:hunter2@db/x?port=abc", "no number"),
    Broken("POKEA_DATABASE_URL", "postgresql://db/x?host=a,b&port=5432", "of hosts"),
    Broken("POKEA_DATABASE_URL", "postgresql://db/x?host=a:1&host=b:x", "no number"),
    Broken("POKEA_DATABASE_URL", "postgresql://db/x?prepare_threshold=abc", "libpq"),
    Broken("POKEA_NOTICES_URL", "db:5432/pokea", "must begin with"),
    Broken("POKEA_NOTICES_URL", "postgresql://u:hun@ter2@db/x", "%40"),
    Broken("POKEA_NOTICES_URL", "sqlite:///pokea.sqlite3", "no notices"),
    Broken("POKEA_READ_URL", "standby:5432/pokea", "must begin with"),
    Broken("POKEA_READ_URL", "postgresql://u:hun@ter2@standby/x", "%40"),
    Broken("POKEA_READ_URL", "sqlite:///copy.sqlite3", "no standby"),
    Broken("POKEA_READ_AGE_SECONDS", "0", "at least 1", True),
    Broken("POKEA_READ_AGE_SECONDS", "3601", "at most 3600", True),
)
"""Each stops every start that uses the setting, in whatever environment."""

IN_PRODUCTION: Final = (
    Broken("MPESA_BASE_URL", "http://evil.example", "https://"),
    Broken("MPESA_BASE_URL", "https://sandbox.safaricom.co.ke/", "sandbox"),
    Broken("MPESA_CALLBACK_URL", "http://pay.duka.co.ke/api/v1/payments/stk/callback", "https://"),
    Broken("MPESA_CALLBACK_URL", "https://localhost/api/v1/payments/stk/callback", "this machine"),
    Broken("MPESA_CALLBACK_URL", "https://[::1]/api/v1/payments/stk/callback", "this machine"),
    Broken("MPESA_CALLBACK_URL", "https://10.1.2.3/api/v1/payments/stk/callback", "private"),
    Broken("MPESA_CALLBACK_URL", "https://pay.duka.co.ke/hook", "does not end"),
    Broken("MPESA_CALLBACK_URL", "https://your-domain.com/api/v1/payments/stk/callback", "placeholder"),
    Broken("MPESA_CALLBACK_URL", "https://api.yourdomain.com/api/v1/payments/stk/callback", "placeholder"),
    Broken("MPESA_CONSUMER_KEY", "your_consumer_key", "placeholder"),
    Broken("MPESA_CONSUMER_KEY", "Xk3:Vb9", "copy it anew"),
    Broken("MPESA_CONSUMER_SECRET", "<consumer secret>", "placeholder"),
    Broken("MPESA_PASSKEY", "your_passkey_here", "placeholder"),
    Broken("MPESA_PASSKEY", "changeme", "placeholder"),
    Broken("MPESA_PASSKEY", "…", "placeholder"),
    Broken("MPESA_PASSKEY", "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919", "sandbox passkey"),
    Broken("MPESA_SHORTCODE", "174379", "sandbox shortcode"),
    Broken("MPESA_INITIATOR_PASSWORD", "Safaricom999!*!", "sandbox's public one"),
    Broken("POKEA_SECRET_KEY", "a" * 32, "can be guessed"),
    Broken("POKEA_SECRET_KEY", "0123456789" * 4, "can be guessed"),
    Broken("POKEA_SECRET_KEY", "abcdefghijklmnopqrstuvwxyzabcdefghij", "can be guessed"),
    Broken("POKEA_SECRET_KEY", "your-secret-key-of-at-least-32-characters", "can be guessed"),
    Broken("POKEA_PREVIOUS_SECRET_KEY", "changeme-changeme-changeme-changeme", "can be guessed"),
    Broken("POKEA_JWT_SECRET", "ab" * 20, "can be guessed"),
    Broken("POKEA_JWT_SECRET", SECRET_KEY, "the same as POKEA_SECRET_KEY"),
    Broken("POKEA_PREVIOUS_SECRET_KEY", SECRET_KEY, "the same as POKEA_SECRET_KEY"),
    Broken("POKEA_METRICS_TOKEN", JWT_SECRET, "the same as POKEA_JWT_SECRET"),
    Broken("POKEA_TRUSTED_PROXIES", "0.0.0.0/0", "strangers"),
    Broken("POKEA_TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1", "strangers"),
    Broken("POKEA_TRUSTED_PROXIES", "::/0", "strangers"),
    Broken("POKEA_CALLBACK_ALLOWED_IPS", "0.0.0.0/0", "strangers"),
    Broken("POKEA_ALLOWED_ORIGINS", "*", "every site"),
    Broken("POKEA_ALLOWED_ORIGINS", "http://shop.duka.co.ke", "https"),
)
"""Each stops a start in production."""

MISSPELT: Final = {
    "MPESA_ENV": "MPESA_ENVIRONMENT",
    "MPESA_SHORT_CODE": "MPESA_SHORTCODE",
    "MPESA_CONSUMERKEY": "MPESA_CONSUMER_KEY",
    "MPESA_PASS_KEY": "MPESA_PASSKEY",
    "MPESA_CALLBACK_URI": "MPESA_CALLBACK_URL",
    "POKEA_BOOKINGFEE": "POKEA_BOOKING_FEE",
    "POKEA_DATABASEURL": "POKEA_DATABASE_URL",
    "POKEA_ALLOWED_ORIGIN": "POKEA_ALLOWED_ORIGINS",
    "POKEA_SHORTCODE": "MPESA_SHORTCODE",
    "MPESSA_PASSKEY": "MPESA_PASSKEY",
    "M_PESA_TILL": "MPESA_TILL",
}
"""Names that are no setting, and the one that is meant."""
