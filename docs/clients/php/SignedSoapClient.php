<?php
/*
 * Signed SOAP for PHP 8: SoapClient writes the message, this class signs it, and verifies the hub's answer.
 * It needs the extensions soap, dom and openssl (Debian: php-cli php-soap php-xml), and nothing else; where the
 * agreement says confidential, EncryptedBody.php needs phpseclib too.
 *
 *   $hub = SignedSoapClient::connect('.demo/agencies/dpupr', 'technical-recommendation');
 *   $answer = $hub->Exchange(['case' => 'K-2026-...', ...]);
 *
 * What must be signed (ditandatangani): the Body, the Timestamp, and every WS-Addressing header.
 */

declare(strict_types=1);

final class SignedSoapClient extends SoapClient
{
    private const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
    private const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
    private const X509 = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3';
    private const BASE64 = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary';
    private const DS = 'http://www.w3.org/2000/09/xmldsig#';
    private const WSA = 'http://www.w3.org/2005/08/addressing';
    private const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
    private const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
    private const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
    private const SKEW_S = 60; // by how much two honest clocks may differ

    /** MessageID of the request that is answered (wsa:RelatesTo); null for a message of our own accord. */
    public ?string $relatesTo = null;
    private string $messageId = '';
    private OpenSSLAsymmetricKey $key;
    private string $certificate;
    private OpenSSLAsymmetricKey $hubKey;
    private string $keyPem;
    private string $hubCertificate;
    private bool $confidential;

    /** $folder holds key.pem, certificate.pem and config.json; $version is '1.1' or '1.2'. */
    public static function connect(string $folder, string $interaction, string $version = '1.2'): self
    {
        $config = json_decode(file_get_contents("$folder/config.json"), flags: JSON_THROW_ON_ERROR);
        $client = new self("$config->hub/soap/$config->agency/$interaction?wsdl", [
            'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
            'cache_wsdl' => WSDL_CACHE_NONE,
            'exceptions' => true,
        ]);
        $client->keyPem = file_get_contents("$folder/key.pem");
        $client->key = openssl_pkey_get_private($client->keyPem);
        $client->certificate = self::withoutArmour(file_get_contents("$folder/certificate.pem"));
        $client->hubCertificate = file_get_contents($config->hub_certificate);
        $client->hubKey = openssl_pkey_get_public($client->hubCertificate);
        $client->confidential = $config->confidential ?? false; // as the agreement says of the interaction
        return $client;
    }

    /** SoapClient calls this with the finished message; what it gets back is the verified answer alone. */
    public function __doRequest($request, $location, $action, $version, $oneWay = false): ?string
    {
        $envelope = self::parse($request);
        $this->address($envelope, $location, $action);
        $this->sign($envelope);
        $sent = $envelope->saveXML();
        if ($this->confidential) {
            require_once __DIR__ . '/EncryptedBody.php';
            $sent = EncryptedBody::encrypt($sent, $this->hubCertificate); // signed first, encrypted then
        }
        $answer = parent::__doRequest($sent, $location, $action, $version, $oneWay);
        if ($answer === null || $answer === '') {
            return $answer; // SoapClient explains it
        }
        if ($this->confidential) {
            $answer = EncryptedBody::decrypt($answer, $this->keyPem);
        }
        return $this->verify(self::parse($answer));
    }

    /** One line about a refusal: what the hub's Fault says (code, clause, violations). */
    public static function explain(SoapFault $fault): string
    {
        $said = $fault->detail->fault ?? null;
        if ($said === null) {
            return $fault->getMessage();
        }
        $clause = isset($said->clause) ? " [$said->clause]" : '';
        $violations = array_map(
            fn ($each) => "\n  " . (is_object($each) ? "$each->path: {$each->_}" : $each),
            is_array($said->violation ?? []) ? $said->violation ?? [] : [$said->violation]
        );
        return "the hub refuses (ditolak): $said->code: {$fault->getMessage()}$clause" . implode('', $violations);
    }

    private function address(DOMDocument $envelope, string $location, string $action): void
    {
        $root = $envelope->documentElement;
        $header = self::query($envelope, '/*/*[local-name()="Header"]')->item(0)
            ?? $root->insertBefore($envelope->createElementNS($root->namespaceURI, "$root->prefix:Header"), $root->firstChild);
        $this->messageId = 'urn:uuid:' . self::uuid();
        $said = ['MessageID' => $this->messageId, 'To' => $location, 'Action' => $action, 'RelatesTo' => $this->relatesTo];
        foreach (array_filter($said, fn ($value) => $value !== null) as $name => $value) {
            $header->appendChild($envelope->createElementNS(self::WSA, "wsa:$name"))
                ->appendChild($envelope->createTextNode($value));
        }
    }

    private function sign(DOMDocument $envelope): void
    {
        $header = self::query($envelope, '/*/*[local-name()="Header"]')->item(0);
        $parts = iterator_to_array(self::query($envelope, '/*/*[local-name()="Body"] | /*/*[local-name()="Header"]/*'));

        // 1. The Security header: our certificate, and a Timestamp of five minutes.
        $security = $header->appendChild($envelope->createElementNS(self::WSSE, 'wsse:Security'));
        $security->setAttributeNS($header->namespaceURI, "$header->prefix:mustUnderstand", '1');
        $token = self::add($security, self::WSSE, 'wsse:BinarySecurityToken', $this->certificate);
        $token->setAttribute('ValueType', self::X509);
        $token->setAttribute('EncodingType', self::BASE64);
        $token->setAttributeNS(self::WSU, 'wsu:Id', 'certificate');
        $timestamp = self::add($security, self::WSU, 'wsu:Timestamp');
        self::add($timestamp, self::WSU, 'wsu:Created', gmdate('Y-m-d\TH:i:s\Z'));
        self::add($timestamp, self::WSU, 'wsu:Expires', gmdate('Y-m-d\TH:i:s\Z', time() + 300));

        // 2. The digest of each part (SHA-256 over its exclusive canonical form), by its wsu:Id.
        $signature = self::add($security, self::DS, 'ds:Signature');
        $info = self::add($signature, self::DS, 'ds:SignedInfo');
        self::add($info, self::DS, 'ds:CanonicalizationMethod')->setAttribute('Algorithm', self::EXCLUSIVE);
        self::add($info, self::DS, 'ds:SignatureMethod')->setAttribute('Algorithm', self::RSA_SHA256);
        foreach ([...$parts, $timestamp] as $number => $part) {
            $part->setAttributeNS(self::WSU, 'wsu:Id', "part-$number");
            $reference = self::add($info, self::DS, 'ds:Reference');
            $reference->setAttribute('URI', "#part-$number");
            $transforms = self::add($reference, self::DS, 'ds:Transforms');
            self::add($transforms, self::DS, 'ds:Transform')->setAttribute('Algorithm', self::EXCLUSIVE);
            self::add($reference, self::DS, 'ds:DigestMethod')->setAttribute('Algorithm', self::SHA256);
            self::add($reference, self::DS, 'ds:DigestValue', self::digest(self::canonical($part)));
        }

        // 3. The signature over all these digests, and where its certificate stands.
        openssl_sign(self::canonical($info), $value, $this->key, OPENSSL_ALGO_SHA256);
        self::add($signature, self::DS, 'ds:SignatureValue', base64_encode($value));
        $pointer = self::add(self::add($signature, self::DS, 'ds:KeyInfo'), self::WSSE, 'wsse:SecurityTokenReference');
        $reference = self::add($pointer, self::WSSE, 'wsse:Reference');
        $reference->setAttribute('URI', '#certificate');
        $reference->setAttribute('ValueType', self::X509);
    }

    /** Check the hub's signature; gives an envelope with nothing in it but the Body that the signature covers. */
    private function verify(DOMDocument $answer): string
    {
        $root = $answer->documentElement;
        if (self::isUnsignedFault($answer)) {
            return $answer->saveXML(); // who proves nothing gets an unsigned refusal; nothing is believed by reading it
        }
        $info = self::only($answer, '/*/*[local-name()="Header"]/wsse:Security/ds:Signature/ds:SignedInfo');
        $algorithm = self::only($info, 'ds:SignatureMethod')->getAttribute('Algorithm');
        if ($algorithm !== self::RSA_SHA256) {
            throw new RuntimeException("the answer is signed by $algorithm, not by RSA with SHA-256");
        }
        $value = base64_decode(self::only($answer, '/*/*[local-name()="Header"]/wsse:Security/ds:Signature/ds:SignatureValue')->textContent);
        if (openssl_verify(self::canonical($info), $value, $this->hubKey, OPENSSL_ALGO_SHA256) !== 1) {
            throw new RuntimeException('the answer was not signed with the key of the hub\'s certificate');
        }
        // The digests are the hub's. Each part that we are going to use must be the one that its digest was made of.
        $this->check($info, $body = self::only($answer, '/*/*[local-name()="Body"]'));
        $this->check($info, $timestamp = self::only($answer, '/*/*[local-name()="Header"]/wsse:Security/wsu:Timestamp'));
        $this->check($info, $relatesTo = self::only($answer, '/*/*[local-name()="Header"]/wsa:RelatesTo'));
        $expires = self::only($timestamp, 'wsu:Expires')->textContent;
        if (strtotime($expires) + self::SKEW_S < time()) {
            throw new RuntimeException("the answer has expired at $expires");
        }
        if ($relatesTo->textContent !== $this->messageId) {
            throw new RuntimeException("the answer is about $relatesTo->textContent, not about $this->messageId");
        }
        return "<s:Envelope xmlns:s=\"$root->namespaceURI\">" . self::canonical($body) . '</s:Envelope>';
    }

    private function check(DOMElement $info, DOMElement $part): void
    {
        $id = $part->getAttributeNS(self::WSU, 'Id');
        $found = array_filter(
            iterator_to_array(self::query($info, 'ds:Reference')),
            fn (DOMElement $each) => $id !== '' && $each->getAttribute('URI') === "#$id"
        );
        if (count($found) !== 1) {
            throw new RuntimeException("the signature of the answer does not cover $part->localName");
        }
        if (self::only(current($found), 'ds:DigestMethod')->getAttribute('Algorithm') !== self::SHA256) {
            throw new RuntimeException("the digest of $part->localName is not SHA-256");
        }
        if (!hash_equals(self::only(current($found), 'ds:DigestValue')->textContent, self::digest(self::canonical($part)))) {
            throw new RuntimeException("the answer is not what the hub signed: the digest of $part->localName differs");
        }
    }

    private static function parse(string $xml): DOMDocument
    {
        $document = new DOMDocument();
        if (!@$document->loadXML($xml, LIBXML_NONET) || $document->doctype !== null) {
            throw new RuntimeException('this is no SOAP message: ' . substr($xml, 0, 200));
        }
        return $document;
    }

    private static function query(DOMNode $from, string $path): DOMNodeList
    {
        $xpath = new DOMXPath($from instanceof DOMDocument ? $from : $from->ownerDocument);
        foreach (['wsse' => self::WSSE, 'wsu' => self::WSU, 'ds' => self::DS, 'wsa' => self::WSA] as $prefix => $name) {
            $xpath->registerNamespace($prefix, $name);
        }
        return $xpath->query($path, $from);
    }

    private static function only(DOMNode $from, string $path): DOMElement
    {
        $found = self::query($from, $path);
        if ($found->length !== 1) {
            throw new RuntimeException("the answer is not trusted: $found->length instead of one $path");
        }
        return $found->item(0);
    }

    private static function isUnsignedFault(DOMDocument $answer): bool
    {
        return self::query($answer, '//ds:Signature')->length === 0
            && self::query($answer, '/*/*[local-name()="Body"]/*[local-name()="Fault"]')->length === 1;
    }

    private static function add(DOMElement $parent, string $namespace, string $name, string $text = ''): DOMElement
    {
        $element = $parent->appendChild($parent->ownerDocument->createElementNS($namespace, $name));
        $element->textContent = $text;
        return $element;
    }

    private static function canonical(DOMNode $node): string
    {
        return $node->C14N(exclusive: true);
    }

    private static function digest(string $octets): string
    {
        return base64_encode(hash('sha256', $octets, binary: true));
    }

    private static function withoutArmour(string $pem): string
    {
        return preg_replace('/-----[^-]+-----|\s/', '', $pem);
    }

    private static function uuid(): string
    {
        $bytes = random_bytes(16);
        $bytes[6] = chr(ord($bytes[6]) & 0x0F | 0x40);
        $bytes[8] = chr(ord($bytes[8]) & 0x3F | 0x80);
        return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
    }
}
