/*
 * Signed SOAP for C#: System.Security.Cryptography.Xml.SignedXml signs the message and verifies the hub's answer.
 *
 * .NET 8 or later:   dotnet new console, this file in place of Program.cs,
 *                    dotnet add package System.Security.Cryptography.Xml, dotnet run -- <arguments>
 * Mono:              mcs -r:System.Security,System.Net.Http,System.Core SimojoClient.cs && mono SimojoClient.exe <arguments>
 *
 *   recommend <agency folder> <MessageID of the request> <case> [number] [1.1|1.2]
 *   echo      <agency folder> [text] [1.1|1.2]
 *
 * Key and certificate are read from agency.pfx, which is made once in the agency's folder; its password is taken
 * from the environment variable PFX_PASSWORD:
 *
 *   openssl pkcs12 -export -inkey key.pem -in certificate.pem -out agency.pfx -passout env:PFX_PASSWORD
 *
 * Mono reads the older form alone: add -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 to that command.
 *
 * What must be signed (ditandatangani): the Body, the Timestamp, and every WS-Addressing header.
 */
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;

public sealed class Refused : Exception
{
    public Refused(string text) : base(text) { }
}

/// <summary>SignedXml that finds parts by wsu:Id, and only those parts that it was given.</summary>
public sealed class SignedParts : SignedXml
{
    private readonly Dictionary<string, XmlElement> parts = new Dictionary<string, XmlElement>();

    public SignedParts(XmlDocument document) : base(document) { }

    public void Know(XmlElement part)
    {
        parts.Add(part.GetAttribute("Id", SimojoClient.Wsu), part);
    }

    public override XmlElement GetIdElement(XmlDocument document, string id)
    {
        XmlElement part;
        return parts.TryGetValue(id, out part) ? part : null;
    }
}

public sealed class SimojoClient
{
    public const string Wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    private const string Wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    private const string X509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
    private const string Base64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
    private const string Wsa = "http://www.w3.org/2005/08/addressing";
    private const string Ds = "http://www.w3.org/2000/09/xmldsig#";
    private const string Exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    private const string RsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private const string Sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private const string Soap11 = "http://schemas.xmlsoap.org/soap/envelope/";
    private const string Soap12 = "http://www.w3.org/2003/05/soap-envelope";
    private const string FaultNamespace = "urn:simojo:fault:1.0";
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private readonly HttpClient http = new HttpClient();
    private readonly X509Certificate2 own;
    private readonly X509Certificate2 hub;
    private readonly string soap;
    private readonly string address;
    private readonly string action;

    /// <summary>The folder holds agency.pfx and config.json; the version is 1.1 or 1.2.</summary>
    public SimojoClient(string folder, string interaction, string version)
    {
        soap = version == "1.1" ? Soap11 : Soap12;
        string config = File.ReadAllText(Path.Combine(folder, "config.json"));
        own = new X509Certificate2(Path.Combine(folder, "agency.pfx"), Environment.GetEnvironmentVariable("PFX_PASSWORD") ?? "");
        hub = new X509Certificate2(Member(config, "hub_certificate"));
        // The WSDL tells where to send, and which Action is agreed.
        string wsdl = Member(config, "hub") + "/soap/" + Member(config, "agency") + "/" + interaction + "?wsdl";
        XmlDocument described = Parse(http.GetStringAsync(wsdl).Result);
        string binding = "http://schemas.xmlsoap.org/wsdl/" + (soap == Soap11 ? "soap/" : "soap12/");
        address = ((XmlElement)described.GetElementsByTagName("address", binding)[0]).GetAttribute("location");
        action = ((XmlElement)described.GetElementsByTagName("operation", binding)[0]).GetAttribute("soapAction");
    }

    /// <summary>Send one signed message; gives the verified Body (isi yang terverifikasi) of the answer.</summary>
    public XmlElement Call(string document, string relatesTo)
    {
        string messageId = "urn:uuid:" + Guid.NewGuid();
        XmlDocument envelope = Envelope(document, messageId, relatesTo);
        Sign(envelope);
        StringContent content = new StringContent(envelope.OuterXml, Encoding.UTF8, soap == Soap11 ? "text/xml" : "application/soap+xml");
        if (soap == Soap11)
        {
            content.Headers.Add("SOAPAction", "\"" + action + "\"");
        }
        HttpResponseMessage response = http.PostAsync(address, content).Result;
        XmlDocument answer = Parse(response.Content.ReadAsStringAsync().Result);
        XmlElement fault = (XmlElement)answer.GetElementsByTagName("Fault", soap)[0];
        bool signed = answer.GetElementsByTagName("Signature", Ds).Count > 0;
        if (fault != null && !signed)
        {
            throw new Refused(Explain(fault)); // who proves nothing gets an unsigned refusal
        }
        XmlElement body = Verified(answer, messageId);
        if (fault != null)
        {
            throw new Refused(Explain(fault));
        }
        return body;
    }

    private XmlDocument Envelope(string document, string messageId, string relatesTo)
    {
        string addressing = string.Concat(
            new[] { new[] { "MessageID", messageId }, new[] { "To", address }, new[] { "Action", action }, new[] { "RelatesTo", relatesTo } }
                .Where(each => each[1] != null)
                .Select(each => "<wsa:" + each[0] + ">" + Escaped(each[1]) + "</wsa:" + each[0] + ">"));
        return Parse("<s:Envelope xmlns:s=\"" + soap + "\" xmlns:wsa=\"" + Wsa + "\"><s:Header>" + addressing
            + "</s:Header><s:Body>" + document + "</s:Body></s:Envelope>");
    }

    private void Sign(XmlDocument envelope)
    {
        XmlElement header = Child(envelope.DocumentElement, soap, "Header");
        List<XmlElement> parts = header.ChildNodes.OfType<XmlElement>().ToList();
        parts.Add(Child(envelope.DocumentElement, soap, "Body"));

        // 1. The Security header: our certificate, and a Timestamp of five minutes.
        XmlElement security = Add(header, "wsse", "Security", Wsse, null);
        security.SetAttribute("mustUnderstand", soap, "1");
        XmlElement token = Add(security, "wsse", "BinarySecurityToken", Wsse, Convert.ToBase64String(own.RawData));
        token.SetAttribute("ValueType", X509);
        token.SetAttribute("EncodingType", Base64);
        SetId(token, "certificate");
        XmlElement timestamp = Add(security, "wsu", "Timestamp", Wsu, null);
        Add(timestamp, "wsu", "Created", Wsu, DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ"));
        Add(timestamp, "wsu", "Expires", Wsu, DateTime.UtcNow.AddMinutes(5).ToString("yyyy-MM-ddTHH:mm:ssZ"));
        parts.Add(timestamp);

        // 2. A reference for each part, by its wsu:Id; SHA-256 and exclusive canonical form everywhere.
        SignedParts signed = new SignedParts(envelope) { SigningKey = own.GetRSAPrivateKey() };
        signed.SignedInfo.CanonicalizationMethod = Exclusive;
        signed.SignedInfo.SignatureMethod = RsaSha256;
        for (int number = 0; number < parts.Count; number++)
        {
            SetId(parts[number], "part-" + number);
            signed.Know(parts[number]);
            Reference reference = new Reference("#part-" + number) { DigestMethod = Sha256 };
            reference.AddTransform(new XmlDsigExcC14NTransform());
            signed.AddReference(reference);
        }

        // 3. Where the certificate stands; then sign.
        XmlElement pointer = envelope.CreateElement("wsse", "SecurityTokenReference", Wsse);
        XmlElement target = Add(pointer, "wsse", "Reference", Wsse, null);
        target.SetAttribute("URI", "#certificate");
        target.SetAttribute("ValueType", X509);
        signed.KeyInfo.AddClause(new KeyInfoNode(pointer));
        signed.ComputeSignature();
        security.AppendChild(envelope.ImportNode(signed.GetXml(), true));
    }

    /// <summary>Check the hub's signature; gives the Body if that very element is what the signature covers.</summary>
    private XmlElement Verified(XmlDocument answer, string messageId)
    {
        XmlElement header = Child(answer.DocumentElement, soap, "Header");
        XmlElement body = Child(answer.DocumentElement, soap, "Body");
        XmlElement security = Child(header, Wsse, "Security");
        XmlElement timestamp = Child(security, Wsu, "Timestamp");
        XmlElement relatesTo = Child(header, Wsa, "RelatesTo");
        SignedParts signed = new SignedParts(answer);
        signed.LoadXml(Child(security, Ds, "Signature"));
        if (signed.SignedInfo.SignatureMethod != RsaSha256 || signed.SignedInfo.CanonicalizationMethod != Exclusive)
        {
            throw new Refused("the answer is signed by " + signed.SignedInfo.SignatureMethod);
        }
        // Only the parts at these very places answer to their ids: what was moved aside is not found.
        IEnumerable<XmlElement> places = header.ChildNodes.OfType<XmlElement>().Where(each => each != security);
        foreach (XmlElement part in places.Concat(new[] { body, timestamp }).Where(each => each.HasAttribute("Id", Wsu)))
        {
            signed.Know(part);
        }
        List<Reference> references = signed.SignedInfo.References.Cast<Reference>().ToList();
        foreach (XmlElement part in new[] { body, timestamp, relatesTo })
        {
            string uri = "#" + part.GetAttribute("Id", Wsu);
            if (references.Count(each => each.Uri == uri && each.DigestMethod == Sha256) != 1)
            {
                throw new Refused("the signature of the answer does not cover " + part.LocalName);
            }
        }
        bool plain = references.All(each => each.TransformChain.Count == 1 && each.TransformChain[0] is XmlDsigExcC14NTransform);
        if (!plain || !signed.CheckSignature(hub.GetRSAPublicKey()))
        {
            throw new Refused("the answer is not what the hub signed");
        }
        DateTime expires = XmlConvert.ToDateTime(Child(timestamp, Wsu, "Expires").InnerText, XmlDateTimeSerializationMode.Utc);
        if (expires + Skew < DateTime.UtcNow)
        {
            throw new Refused("the answer has expired at " + expires);
        }
        if (relatesTo.InnerText != messageId)
        {
            throw new Refused("the answer is about " + relatesTo.InnerText + ", not about " + messageId);
        }
        return body;
    }

    /// <summary>One line about a refusal: what the hub's Fault says (code, clause, violations).</summary>
    private static string Explain(XmlElement fault)
    {
        Func<string, string, string> said = (name, space) =>
            fault.GetElementsByTagName(name, space).OfType<XmlElement>().Select(each => each.InnerText).FirstOrDefault() ?? "";
        string reason = said("Text", Soap12) + said("faultstring", "");
        string clause = said("clause", FaultNamespace);
        IEnumerable<string> violations = fault.GetElementsByTagName("violation", FaultNamespace).OfType<XmlElement>()
            .Select(each => "\n  " + each.GetAttribute("path") + ": " + each.InnerText);
        return "the hub refuses (ditolak): " + said("code", FaultNamespace) + ": " + reason
            + (clause == "" ? "" : " [" + clause + "]") + string.Concat(violations);
    }

    // --- what is said ---------------------------------------------------------------------------------------------

    /// <summary>Give a technical recommendation (rekomendasi teknis), as DPUPR.</summary>
    private static void Recommend(string folder, string relatesTo, string caseId, string number, string version)
    {
        string today = DateTime.UtcNow.AddHours(7).ToString("yyyy-MM-dd"); // WIB
        XmlElement body = new SimojoClient(folder, "technical-recommendation", version).Call(
            "<RecommendationAnswer xmlns=\"urn:simojo:dpupr:technical-recommendation:answer:1.0\"><case>" + Escaped(caseId)
            + "</case><number>" + Escaped(number) + "</number><date>" + today + "</date><favourable>true</favourable>"
            + "<official>Ir. Contoh</official><condition>Garis sempadan bangunan 3 m</condition></RecommendationAnswer>",
            relatesTo);
        Func<string, string> said = name => body.GetElementsByTagName(name, "urn:simojo:acknowledgement:1.0")[0].InnerText;
        Console.WriteLine("acknowledged (diterima): " + said("messageId") + " at " + said("receivedAt") + ", exchange " + said("exchange"));
    }

    /// <summary>Ask for an echo: is everything set up well?</summary>
    private static void Echo(string folder, string text, string version)
    {
        XmlElement body = new SimojoClient(folder, "meta.echo", version).Call(
            "<EchoRequest xmlns=\"urn:simojo:meta-echo:request:1.0\"><text>" + Escaped(text) + "</text></EchoRequest>", null);
        Func<string, string> said = name => body.GetElementsByTagName(name, "urn:simojo:meta-echo:reply:1.0")[0].InnerText;
        Console.WriteLine("echo (gema): " + said("text") + " - agreement " + said("agreement"));
    }

    public static int Main(string[] arguments)
    {
        Func<int, string, string> or = (place, otherwise) => arguments.Length > place ? arguments[place] : otherwise;
        try
        {
            switch (or(0, ""))
            {
                case "echo": Echo(arguments[1], or(2, "Halo, hub!"), or(3, "1.2")); return 0;
                case "recommend": Recommend(arguments[1], arguments[2], arguments[3], or(4, "600/0001/2026"), or(5, "1.2")); return 0;
                default: throw new Refused("say echo or recommend");
            }
        }
        catch (Refused refused)
        {
            Console.Error.WriteLine(refused.Message);
            return 1;
        }
        catch (AggregateException away)
        {
            Console.Error.WriteLine("the hub does not answer: " + away.GetBaseException().Message);
            return 1;
        }
    }

    // --- files and XML --------------------------------------------------------------------------------------------

    private static string Member(string json, string name)
    {
        Match found = Regex.Match(json, "\"" + name + "\"\\s*:\\s*\"([^\"]*)\"");
        if (!found.Success)
        {
            throw new Refused("config.json does not say " + name);
        }
        return found.Groups[1].Value;
    }

    private static XmlDocument Parse(string xml)
    {
        XmlDocument document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        XmlReaderSettings settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
        using (XmlReader reader = XmlReader.Create(new StringReader(xml), settings))
        {
            document.Load(reader);
        }
        return document;
    }

    private static string Escaped(string text)
    {
        return System.Security.SecurityElement.Escape(text);
    }

    private static XmlElement Child(XmlElement parent, string space, string name)
    {
        List<XmlElement> found = parent.ChildNodes.OfType<XmlElement>().Where(each => each.LocalName == name && each.NamespaceURI == space).ToList();
        if (found.Count != 1)
        {
            throw new Refused("the answer is not trusted: " + found.Count + " instead of one " + name);
        }
        return found[0];
    }

    private static XmlElement Add(XmlElement parent, string prefix, string name, string space, string text)
    {
        XmlElement element = parent.OwnerDocument.CreateElement(prefix, name, space);
        if (text != null)
        {
            element.InnerText = text;
        }
        parent.AppendChild(element);
        return element;
    }

    private static void SetId(XmlElement element, string id)
    {
        XmlAttribute attribute = element.OwnerDocument.CreateAttribute("wsu", "Id", Wsu);
        attribute.Value = id;
        element.SetAttributeNode(attribute);
    }
}
