"""Security profiles: how an agency proves itself to us, and we to it. One module per profile.

    jws        REST, detached JWS over the body, certificates                       (our own profile)
    wss_x509   SOAP, WS-Security X.509 over Body, Timestamp and header blocks       (our own profile)
    snap_bi    REST in, the national payment standard: token, HMAC, X-EXTERNAL-ID   (the bank's)
    snap_client   REST out, the same with the hub as client: asymmetric signature   (the bank's)
    oss_token  REST in, header Token                                                (OSS's)
    basic, oss_key, sms_key   a shared secret in a header or in the body            (the agency's)

Used by edge and transport alike. Pure: certificates, secrets and time are arguments.
"""
