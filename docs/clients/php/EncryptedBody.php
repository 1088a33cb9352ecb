<?php
/*
 * Encryption of a SOAP Body, for interactions that the agreement calls confidential (rahasia).
 *
 * Signed first, encrypted then: AES-256-GCM for the content, RSA-OAEP with SHA-256 for its key. PHP's own openssl knows
 * OAEP with SHA-1 alone, which the hub refuses; phpseclib 3 knows it (Debian: php-phpseclib3, or phpseclib/phpseclib).
 * Decryption believes nothing; the signature is verified afterwards, over what was decrypted.
 */

declare(strict_types=1);

use phpseclib3\Crypt\PublicKeyLoader;
use phpseclib3\Crypt\RSA;

if (!class_exists(PublicKeyLoader::class)) {
    require_once 'phpseclib3/autoload.php'; // Debian's; with Composer its own autoloader is there already
}

final class EncryptedBody
{
    private const XENC = 'http://www.w3.org/2001/04/xmlenc#';
    private const DS = 'http://www.w3.org/2000/09/xmldsig#';
    private const OAEP = self::XENC . 'rsa-oaep-mgf1p';
    private const CONTENT = [
        'http://www.w3.org/2009/xmlenc11#aes256-gcm' => 'aes-256-gcm',
        'http://www.w3.org/2009/xmlenc11#aes128-gcm' => 'aes-128-gcm',
    ];
    private const IV = 12;
    private const TAG = 16;

    /** Gives the signed envelope with the content of its Body encrypted to the hub's certificate (PEM). */
    public static function encrypt(string $signed, string $hubCertificate): string
    {
        [$document, $content] = self::open($signed, '/*/*[local-name()="Body"]/*');
        $key = random_bytes(32);
        $iv = random_bytes(self::IV);
        $sealed = openssl_encrypt($content->C14N(exclusive: true), 'aes-256-gcm', $key, OPENSSL_RAW_DATA, $iv, $tag);
        $public = openssl_pkey_get_details(openssl_pkey_get_public($hubCertificate))['key'];
        $encrypted = new DOMDocument();
        $encrypted->loadXML(sprintf(
            '<xenc:EncryptedData xmlns:xenc="%1$s" xmlns:ds="%2$s" Type="%1$sContent">'
            . '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>'
            . '<ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="%3$s">'
            . '<ds:DigestMethod Algorithm="%1$ssha256"/></xenc:EncryptionMethod>'
            . '<xenc:CipherData><xenc:CipherValue>%4$s</xenc:CipherValue></xenc:CipherData>'
            . '</xenc:EncryptedKey></ds:KeyInfo>'
            . '<xenc:CipherData><xenc:CipherValue>%5$s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>',
            self::XENC,
            self::DS,
            self::OAEP,
            base64_encode(self::oaep($public)->encrypt($key)),
            base64_encode($iv . $sealed . $tag)
        ));
        $content->parentNode->replaceChild($document->importNode($encrypted->documentElement, true), $content);
        return $document->saveXML();
    }

    /** Gives the envelope in clear; one that is in clear already as it is. $key is our private key (PEM). */
    public static function decrypt(string $envelope, string $key): string
    {
        [$document, $data] = self::open($envelope, '/*/*[local-name()="Body"]/xenc:EncryptedData');
        if ($data === null) {
            return $envelope;
        }
        $query = fn (string $path) => self::xpath($document)->query($path)->item(0)?->nodeValue ?? '';
        $wrapped = '/*/*[local-name()="Header"]/*/xenc:EncryptedKey';
        $here = '/*/*[local-name()="Body"]/xenc:EncryptedData';
        $cipher = self::CONTENT[$query("$here/xenc:EncryptionMethod/@Algorithm")] ?? null;
        if ($cipher === null || $query("$wrapped/xenc:EncryptionMethod/@Algorithm") !== self::OAEP) {
            throw new RuntimeException('the answer is encrypted in another way than was agreed');
        }
        $sealed = base64_decode($query("$here/xenc:CipherData/xenc:CipherValue"));
        try {
            $contentKey = self::oaep($key)->decrypt(base64_decode($query("$wrapped/xenc:CipherData/xenc:CipherValue")));
        } catch (Exception) {
            $contentKey = '';
        }
        $iv = substr($sealed, 0, self::IV);
        $clear = openssl_decrypt(substr($sealed, self::IV, -self::TAG), $cipher, $contentKey ?: '', OPENSSL_RAW_DATA, $iv, substr($sealed, -self::TAG));
        if ($clear === false) {
            throw new RuntimeException('the answer cannot be decrypted with our key');
        }
        // Text into text, and parsed as one: moving a parsed element may exchange its prefixes, and then the digest
        // that was signed would not come out.
        $data->parentNode->replaceChild($document->createTextNode('THE-CONTENT'), $data);
        return str_replace('>THE-CONTENT<', ">$clear<", $document->saveXML());
    }

    private static function oaep(string $pem): RSA
    {
        // rsa-oaep-mgf1p fixes MGF1 to SHA-1, where it harms nothing; its digest is SHA-256.
        return PublicKeyLoader::load($pem)->withPadding(RSA::ENCRYPTION_OAEP)->withHash('sha256')->withMGFHash('sha1');
    }

    /** @return array{DOMDocument, ?DOMElement} */
    private static function open(string $xml, string $path): array
    {
        $document = new DOMDocument();
        if (!@$document->loadXML($xml, LIBXML_NONET) || $document->doctype !== null) {
            throw new RuntimeException('this is no SOAP message: ' . substr($xml, 0, 200));
        }
        return [$document, self::xpath($document)->query($path)->item(0)];
    }

    private static function xpath(DOMDocument $document): DOMXPath
    {
        $xpath = new DOMXPath($document);
        $xpath->registerNamespace('xenc', self::XENC);
        return $xpath;
    }
}
