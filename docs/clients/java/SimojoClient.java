/*
 * Signed SOAP for Java 17 with Apache WSS4J 1.6 and Santuario (Debian: libwss4j-java). One file, run as it is:
 *
 *   CP=$(printf '/usr/share/java/%s.jar:' wss4j xmlsec slf4j-api slf4j-nop commons-logging commons-codec)
 *   java -cp $CP SimojoClient.java echo      <agency folder> [text] [1.1|1.2]
 *   java -cp $CP SimojoClient.java recommend <agency folder> <MessageID of the request> <case> [number] [1.1|1.2]
 *
 * The envelope is built with the JDK's DOM and sent with its HttpClient, so no SOAP framework is needed; with one
 * (CXF, Metro) give the same settings to its WSS4J interceptors.
 *
 * What must be signed (ditandatangani): the Body, the Timestamp, and every WS-Addressing header.
 */

import java.io.ByteArrayInputStream;
import java.io.StringWriter;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.callback.Callback;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSPasswordCallback;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.WSSecurityException;
import org.apache.ws.security.components.crypto.Merlin;
import org.apache.ws.security.message.WSSecEncrypt;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

public final class SimojoClient {
    static final String SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/";
    static final String SOAP_12 = "http://www.w3.org/2003/05/soap-envelope";
    static final String WSA = "http://www.w3.org/2005/08/addressing";
    static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    static final String FAULT = "urn:simojo:fault:1.0";

    private final HttpClient http = HttpClient.newHttpClient();
    private final String soap;
    private final String address;
    private final String action;
    private final Merlin own = new Merlin();
    private final Merlin hub = new Merlin();
    private final boolean confidential;

    /** What the hub refuses (code, clause, violations), or an answer that cannot be trusted. */
    static final class Refused extends Exception {
        Refused(String text) {
            super(text);
        }
    }

    /** `folder` holds key.pem, certificate.pem and config.json; `version` is 1.1 or 1.2. */
    SimojoClient(Path folder, String interaction, String version) throws Exception {
        soap = version.equals("1.1") ? SOAP_11 : SOAP_12;
        String config = Files.readString(folder.resolve("config.json"));
        confidential = config.matches("(?s).*\"confidential\"\\s*:\\s*true.*"); // as the agreement says
        KeyStore ownKeys = keyStore();
        Certificate[] chain = {certificate(folder.resolve("certificate.pem"))};
        ownKeys.setKeyEntry("own", privateKey(folder.resolve("key.pem")), new char[0], chain);
        own.setKeyStore(ownKeys);
        KeyStore hubKeys = keyStore();
        hubKeys.setCertificateEntry("hub", certificate(Path.of(member(config, "hub_certificate"))));
        hub.setKeyStore(hubKeys);

        // The WSDL tells where to send, and which Action is agreed.
        String wsdl = member(config, "hub") + "/soap/" + member(config, "agency") + "/" + interaction + "?wsdl";
        HttpRequest get = HttpRequest.newBuilder(URI.create(wsdl)).build();
        Document described = parse(http.send(get, BodyHandlers.ofByteArray()).body());
        String binding = "http://schemas.xmlsoap.org/wsdl/" + (soap.equals(SOAP_11) ? "soap/" : "soap12/");
        address = first(described, binding, "address").getAttribute("location");
        action = first(described, binding, "operation").getAttribute("soapAction");
    }

    /** Send one signed message; gives the verified Body (isi yang terverifikasi) of the answer. */
    Element call(Element document, String relatesTo) throws Exception {
        String messageId = "urn:uuid:" + UUID.randomUUID();
        Document envelope = envelope(document, messageId, relatesTo);
        sign(envelope);
        boolean old = soap.equals(SOAP_11);
        HttpRequest.Builder post = HttpRequest.newBuilder(URI.create(address)).POST(BodyPublishers.ofString(text(envelope)));
        post.header("Content-Type", (old ? "text/xml" : "application/soap+xml") + "; charset=utf-8");
        if (old) {
            post.header("SOAPAction", "\"" + action + "\"");
        }
        HttpResponse<byte[]> response = http.send(post.build(), BodyHandlers.ofByteArray());
        Document answer = parse(response.body());
        boolean signed = find(answer, WSConstants.SIG_NS, "Signature") != null;
        Element fault = find(answer, soap, "Fault");
        if (fault != null && !signed) {
            throw new Refused(explain(fault)); // who proves nothing gets an unsigned refusal
        }
        Element body = verified(answer, messageId);
        fault = find(body, soap, "Fault"); // after decryption, where there was one
        if (fault != null) {
            throw new Refused(explain(fault));
        }
        return body;
    }

    private Document envelope(Element document, String messageId, String relatesTo) throws Exception {
        Document made = builder().newDocumentBuilder().newDocument();
        Element root = (Element) made.appendChild(made.createElementNS(soap, "soap:Envelope"));
        Element header = (Element) root.appendChild(made.createElementNS(soap, "soap:Header"));
        String[][] addressing = {{"MessageID", messageId}, {"To", address}, {"Action", action}, {"RelatesTo", relatesTo}};
        for (String[] each : addressing) {
            if (each[1] != null) {
                header.appendChild(made.createElementNS(WSA, "wsa:" + each[0])).setTextContent(each[1]);
            }
        }
        root.appendChild(made.createElementNS(soap, "soap:Body")).appendChild(made.importNode(document, true));
        // Written and read again: canonical form needs the xmlns declarations, which createElementNS leaves out.
        return parse(text(made).getBytes(StandardCharsets.UTF_8));
    }

    private void sign(Document envelope) throws WSSecurityException {
        WSSecHeader security = new WSSecHeader();
        security.insertSecurityHeader(envelope);
        WSSecTimestamp timestamp = new WSSecTimestamp();
        timestamp.setTimeToLive(300);
        timestamp.build(envelope, security);

        WSSecSignature signature = new WSSecSignature();
        signature.setUserInfo("own", "");
        // WSS4J's own choice is SHA-1, which the hub refuses (signature-policy): say SHA-256 in both places.
        signature.setSignatureAlgorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        signature.setDigestAlgo(SHA256);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE); // send the certificate along
        List<WSEncryptionPart> parts = new ArrayList<>();
        parts.add(new WSEncryptionPart("Body", soap, ""));
        parts.add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, ""));
        for (Node each = find(envelope, soap, "Header").getFirstChild(); each != null; each = each.getNextSibling()) {
            if (WSA.equals(each.getNamespaceURI())) {
                parts.add(new WSEncryptionPart(each.getLocalName(), WSA, ""));
            }
        }
        signature.setParts(parts);
        signature.build(envelope, own, security);
        if (!confidential) {
            return;
        }
        WSSecEncrypt encryption = new WSSecEncrypt(); // signed first, encrypted then: the content of the Body
        encryption.setUserInfo("hub");
        encryption.setKeyIdentifierType(WSConstants.THUMBPRINT_IDENTIFIER);
        encryption.setSymmetricEncAlgorithm(WSConstants.AES_256_GCM); // the defaults, CBC and SHA-1, are refused
        encryption.setKeyEnc(WSConstants.KEYTRANSPORT_RSAOEP);
        encryption.setDigestAlgorithm(SHA256);
        encryption.build(envelope, hub, security);
    }

    /** Check the hub's signature; gives the Body if that very element is what the signature covers. */
    private Element verified(Document answer, String messageId) throws Refused {
        List<WSSecurityEngineResult> results;
        try {
            results = new WSSecurityEngine().processSecurityHeader(answer, null, SimojoClient::givePassword, hub, own);
        } catch (WSSecurityException fault) {
            throw new Refused("the answer is not trusted: " + fault.getMessage());
        }
        List<Element> covered = new ArrayList<>();
        for (WSSecurityEngineResult each : results == null ? List.<WSSecurityEngineResult>of() : results) {
            if (each.get(WSSecurityEngineResult.TAG_DATA_REF_URIS) instanceof List<?> references) {
                references.forEach(reference -> covered.add(((WSDataRef) reference).getProtectedElement()));
            }
        }
        Element header = child(answer.getDocumentElement(), soap, "Header");
        Element body = child(answer.getDocumentElement(), soap, "Body");
        Element relatesTo = child(header, WSA, "RelatesTo");
        Element timestamp = child(child(header, WSConstants.WSSE_NS, "Security"), WSConstants.WSU_NS, "Timestamp");
        for (Element part : new Element[] {body, relatesTo, timestamp}) {
            if (part == null || covered.stream().noneMatch(each -> each == part)) {
                throw new Refused("the signature of the answer does not cover its Body, Timestamp and RelatesTo");
            }
        }
        if (!relatesTo.getTextContent().equals(messageId)) {
            throw new Refused("the answer is about " + relatesTo.getTextContent() + ", not about " + messageId);
        }
        return body;
    }

    /** WSS4J asks for the password of our own key when it decrypts; our key store has none. */
    private static void givePassword(Callback[] asked) {
        for (Callback each : asked) {
            ((WSPasswordCallback) each).setPassword("");
        }
    }

    /** One line about a refusal: what the hub's Fault says (code, clause, violations). */
    private static String explain(Element fault) {
        StringBuilder said = new StringBuilder("the hub refuses (ditolak): ");
        Element reason = find(fault, SOAP_12, "Text") != null ? find(fault, SOAP_12, "Text") : find(fault, null, "faultstring");
        Element code = find(fault, FAULT, "code");
        Element clause = find(fault, FAULT, "clause");
        said.append(code == null ? "" : code.getTextContent() + ": ").append(reason == null ? "" : reason.getTextContent());
        said.append(clause == null ? "" : " [" + clause.getTextContent() + "]");
        NodeList violations = fault.getElementsByTagNameNS(FAULT, "violation");
        for (int n = 0; n < violations.getLength(); n++) {
            Element each = (Element) violations.item(n);
            said.append("\n  ").append(each.getAttribute("path")).append(": ").append(each.getTextContent());
        }
        return said.toString();
    }

    // --- what is said -------------------------------------------------------------------------------------------

    /** Give a technical recommendation (rekomendasi teknis), as DPUPR. */
    static void recommend(Path folder, String relatesTo, String caseId, String number, String version) throws Exception {
        SimojoClient client = new SimojoClient(folder, "technical-recommendation", version);
        String today = LocalDate.now(ZoneId.of("Asia/Jakarta")).toString();
        Element document = document("urn:simojo:dpupr:technical-recommendation:answer:1.0", "RecommendationAnswer",
            new String[][] {{"case", caseId}, {"number", number}, {"date", today}, {"favourable", "true"},
                {"official", "Ir. Contoh"}, {"condition", "Garis sempadan bangunan 3 m"}});
        Element body = client.call(document, relatesTo);
        String acknowledgement = "urn:simojo:acknowledgement:1.0";
        System.out.println("acknowledged (diterima): " + find(body, acknowledgement, "messageId").getTextContent()
            + " at " + find(body, acknowledgement, "receivedAt").getTextContent()
            + ", exchange " + find(body, acknowledgement, "exchange").getTextContent());
    }

    /** Ask for an echo: is everything set up well? */
    static void echo(Path folder, String text, String version) throws Exception {
        SimojoClient client = new SimojoClient(folder, "meta.echo", version);
        Element document = document("urn:simojo:meta-echo:request:1.0", "EchoRequest", new String[][] {{"text", text}});
        Element body = client.call(document, null);
        String reply = "urn:simojo:meta-echo:reply:1.0";
        System.out.println("echo (gema): " + find(body, reply, "text").getTextContent()
            + " - agreement " + find(body, reply, "agreement").getTextContent());
    }

    public static void main(String[] arguments) {
        try {
            Path folder = Path.of(arguments[1]);
            switch (arguments[0]) {
                case "echo" -> echo(folder, or(arguments, 2, "Halo, hub!"), or(arguments, 3, "1.2"));
                case "recommend" -> recommend(folder, arguments[2], arguments[3], or(arguments, 4, "600/0001/2026"),
                    or(arguments, 5, "1.2"));
                default -> throw new Refused("say echo or recommend");
            }
        } catch (Refused refused) {
            System.err.println(refused.getMessage());
            System.exit(1);
        } catch (ConnectException | HttpTimeoutException away) {
            System.err.println("the hub does not answer" + (away.getMessage() == null ? "" : ": " + away.getMessage()));
            System.exit(1);
        } catch (Exception fault) {
            fault.printStackTrace();
            System.exit(2);
        }
    }

    private static String or(String[] arguments, int place, String otherwise) {
        return arguments.length > place ? arguments[place] : otherwise;
    }

    // --- files and XML ------------------------------------------------------------------------------------------

    private static KeyStore keyStore() throws Exception {
        KeyStore made = KeyStore.getInstance("PKCS12");
        made.load(null, null);
        return made;
    }

    private static Certificate certificate(Path pem) throws Exception {
        return CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(Files.readAllBytes(pem)));
    }

    /** An RSA key in PKCS #8, as `openssl genpkey` writes it. */
    private static PrivateKey privateKey(Path pem) throws Exception {
        String base64 = Files.readString(pem).replaceAll("-----[^-]+-----|\\s", "");
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
    }

    private static String member(String json, String name) throws Refused {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
        if (!found.find()) {
            throw new Refused("config.json does not say " + name);
        }
        return found.group(1);
    }

    private static DocumentBuilderFactory builder() throws Exception {
        DocumentBuilderFactory made = DocumentBuilderFactory.newInstance();
        made.setNamespaceAware(true);
        made.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        made.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        return made;
    }

    private static Document parse(byte[] xml) throws Exception {
        return builder().newDocumentBuilder().parse(new ByteArrayInputStream(xml));
    }

    private static String text(Document document) throws Exception {
        Transformer writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        StringWriter text = new StringWriter();
        writer.transform(new DOMSource(document), new StreamResult(text));
        return text.toString();
    }

    private static Element document(String namespace, String name, String[][] members) throws Exception {
        Document made = builder().newDocumentBuilder().newDocument();
        Element root = (Element) made.appendChild(made.createElementNS(namespace, name));
        for (String[] each : members) {
            root.appendChild(made.createElementNS(namespace, each[0])).setTextContent(each[1]);
        }
        return root;
    }

    private static Element find(Node from, String namespace, String name) {
        NodeList found = from instanceof Document whole
            ? whole.getElementsByTagNameNS(namespace, name)
            : ((Element) from).getElementsByTagNameNS(namespace == null ? "*" : namespace, name);
        return (Element) found.item(0);
    }

    private static Element first(Document document, String namespace, String name) throws Refused {
        Element found = find(document, namespace, name);
        if (found == null) {
            throw new Refused("the WSDL has no " + name + " of " + namespace);
        }
        return found;
    }

    private static Element child(Element parent, String namespace, String name) {
        for (Node each = parent == null ? null : parent.getFirstChild(); each != null; each = each.getNextSibling()) {
            if (name.equals(each.getLocalName()) && namespace.equals(each.getNamespaceURI())) {
                return (Element) each;
            }
        }
        return null;
    }
}
