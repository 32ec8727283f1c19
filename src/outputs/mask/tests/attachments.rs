//! Attachments in many syntaxes: what is found in them, and what is not.

use std::time::{Duration, Instant};

use super::{hidden, masks_of_file};

const DOTENV: &str = "# settings\nDB_HOST=db.example.test\nexport DB_PASSWORD=\"hunter two\" # no comment\nPLAIN=hello\nAPI_KEY=abc-def-ghi\n\
    TOKEN='it''s'\nKEY=\"-----BEGIN PRIVATE KEY-----\nMIIB0123\n-----END PRIVATE KEY-----\"\nCONFIG={\"password\":\"inner-one\"}\n\
    ESCAPED=\"{\\\"password\\\":\\\"inner-two\\\"}\"\nURL=postgres://app:inner-three@db.example.test/x\nDEBUG=true\n";
const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\ncurrent-context: production\nclusters:\n- cluster:\n    server: https://cluster.example.test:6443\n  \
    name: production\nusers:\n- name: admin\n  user:\n    client-key-data: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUIwMTIzNDU2Nwo=\n    token: hunter-token\n    \
    password: |\n      block-scalar\n      second-line\n    username: administrator\n";
const APPSETTINGS: &str = r#"{
  // comments are allowed
  "Logging": { "LogLevel": { "Default": "Information", "Microsoft.AspNetCore": "Warning" } },
  "AllowedHosts": "localhost",
  "ConnectionStrings": {
    "Db": "Server=tcp:db.example.test,1433;Database=shop;User ID=app;Password=hunter-two;Encrypt=True",
    "Storage": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=c2hvcC1rZXk=;EndpointSuffix=core.windows.net",
    "Bus": "Endpoint=sb://bus.example.test/;SharedAccessKeyName=Root;SharedAccessKey=c2hhcmVkLWtleQ=="
  },
  "Jwt": { "Issuer": "https://login.example.test", "Secret": "jwt \"secret\"" },
  "Smtp": { "Host": "mail.example.test", "Port": 587, "Pwd": "mail-pwd" }
}"#;

#[test]
fn what_is_behind_a_name_in_an_attachment_is_masked_by_itself() {
    for (content, secrets) in [
        (DOTENV, vec!["hunter two", "abc-def-ghi", "it's", "MIIB0123", "inner-one", "inner-two", "inner-three"]),
        (KUBECONFIG, vec!["hunter-token", "block-scalar", "second-line", "MIIB01234567"]),
        (APPSETTINGS, vec!["hunter-two", "c2hvcC1rZXk=", "c2hhcmVkLWtleQ==", "jwt \"secret\"", "mail-pwd"]),
        ("machine host.test login alice password hunter\n", vec!["hunter"]),
        ("machine host.test\n  login alice\n  password hunter\n", vec!["hunter"]),
        ("host.test:5432:*:alice:hunt\\:er\n", vec!["hunt:er"]),
        (r#"{"auths":{"registry.test":{"auth":"YWxpY2U6aHVudGVyMg=="}}}"#, vec!["YWxpY2U6aHVudGVyMg==", "hunter2"]),
        ("//npm.example.test/:_authToken=hunter-token\n_password=aHVudGVyMg==\n", vec!["hunter-token", "hunter2"]),
        ("[default]\naws_access_key_id = AKIAX\naws_secret_access_key = hunter/two+three\n", vec!["hunter/two+three"]),
        ("[client]\nuser=root\npassword = \"hunter#2\"\n", vec!["hunter#2"]),
        ("db.password=hunter2\ndb.password : hunter3\ndb.url=jdbc:x\n", vec!["hunter2", "hunter3"]),
        ("<server><id>x</id><password>hunt&amp;er</password></server>\n", vec!["hunt&er", "hunt&amp;er"]),
        ("<add key=\"DbPassword\" value=\"hunter2\" />\n<add key=\"Level\" value=\"Debugging\" />\n", vec!["hunter2"]),
        ("<add name=\"Db\" connectionString=\"Server=.;Password=hunt er;\" />\n", vec!["hunt er"]),
        ("env:\n- name: DB_PASSWORD\n  value: hunter2\n- name: LEVEL\n  value: debugging\n", vec!["hunter2"]),
        ("passwords:\n- hunter2\n- hunter3\n", vec!["hunter2", "hunter3"]),
        ("secrets: [hunter2, \"hunter3\"]\n", vec!["hunter2", "hunter3"]),
        ("{user: alice, password: hunter2, host: x}\n", vec!["hunter2"]),
        ("{\"a\":1,\"password\":\"hunter2\"}\n{\"a\":2,\"password\":\"hunter3\"}\n", vec!["hunter2", "hunter3"]),
        (r#"{"config":"{\"inner\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}"}"#, vec!["hunter2"]),
        (r#"{"secrets":{"database":"hunter2"}}"#, vec!["hunter2"]),
        (r#"[{"name":"DB_PASSWORD","value":"hunter2"}]"#, vec!["hunter2"]),
        ("data:\n  password: aHVudGVyMg==\n", vec!["hunter2"]),
        (
            "curl -H 'Authorization: Bearer hunter-2-token-X9' --password hunter2 x\n",
            vec!["hunter-2-token-X9", "hunter2"],
        ),
        ("https://alice:hunter2@git.test\nhttps://ghp_x1y2z3@github.test\n", vec!["hunter2", "ghp_x1y2z3"]),
        ("$password = 'it''s hunter'\n", vec!["it's hunter"]),
        ("db_password = \"line\\none\"\n", vec!["line\none"]),
        ("a note\nx7k2m9q4w8e5r1t6 in it\nabcd-efgh-1234\n", vec!["x7k2m9q4w8e5r1t6", "abcd-efgh-1234"]),
        ("DRIVER={SQL Server};UID=sa;PWD={hunter;2};\n", vec!["hunter;2"]),
        ("dir=/var/lib\nPASSWORD=hunter2;x=1\n", vec!["hunter2"]),
        ("$env:DB_PASSWORD = \"hunter2\"\n", vec!["hunter2"]),
        ("[Environment]::SetEnvironmentVariable(\"DB_PASSWORD\", \"hunter2\")\n", vec!["hunter2"]),
        ("define('DB_PASSWORD', 'hunter2');\n", vec!["hunter2"]),
        ("ALTER USER app WITH PASSWORD 'hunter2';\n", vec!["hunter2"]),
        ("ENV DB_PASSWORD=hunter2\nENV API_TOKEN hunter3\n", vec!["hunter2", "hunter3"]),
        ("environment:\n  - DB_PASSWORD=hunter2\n", vec!["hunter2"]),
        ("token: >-\n  hunter2\nnext: x\n", vec!["hunter2"]),
        ("password: !vault |\n  hunter2\n", vec!["hunter2"]),
        ("password: &main hunter2 # a comment\n", vec!["hunter2"]),
        ("password: 'it''s hunter'\n", vec!["it's hunter"]),
        ("password = \"\"\"\nhunter2\n\"\"\"\n", vec!["hunter2"]),
        ("password = '''hunter2'''\n", vec!["hunter2"]),
        ("<password>\n  hunter2\n</password>\n", vec!["hunter2"]),
        ("<setting name=\"Password\"><value>hunter2</value></setting>\n", vec!["hunter2"]),
        ("<publishProfile userName=\"x\" userPWD=\"hunter2\" />\n", vec!["hunter2"]),
        ("PASSWORD='it'\\''s hunter'\n", vec!["it's hunter"]),
        ("PASSWORD=\"pa\\$hunter\"\n", vec!["pa$hunter"]),
        ("db.password=hunt\\:er\n", vec!["hunt:er"]),
        ("jdbc:postgresql://h/db?user=a&password=hunter2&ssl=true\n", vec!["hunter2"]),
        ("jdbc:sqlserver://h;user=a;password=hunter2;\n", vec!["hunter2"]),
        ("X-Api-Key: hunter2\nOcp-Apim-Subscription-Key: hunter-three\n", vec!["hunter2", "hunter-three"]),
        (
            "[Peer]\nPrivateKey = hunter2=\nPresharedKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n",
            vec!["hunter2=", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="],
        ),
        (
            "{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIB0123\\n-----END PRIVATE KEY-----\\n\"}",
            vec!["MIIB0123"],
        ),
        ("SAS=https://x.test/c?sv=1&sig=aB3%2Bkd9x%3D&se=2\n", vec!["aB3%2Bkd9x%3D", "aB3+kd9x="]),
        ("Kennwort: hunter2\n", vec!["hunter2"]),
    ] {
        let masks = masks_of_file(content);
        for secret in secrets {
            assert!(masks.iter().any(|mask| mask == secret), "{secret} of {content}\n{masks:#?}");
        }
    }
}

#[test]
fn what_is_no_secret_in_an_attachment_stays_readable() {
    for (content, lines) in [
        (DOTENV, vec!["db.example.test", "hello", "DB_PASSWORD=", "true", "PLAIN=hello"]),
        (
            KUBECONFIG,
            vec![
                "apiVersion: v1",
                "kind: Config",
                "production",
                "https://cluster.example.test:6443",
                "administrator",
                "-----BEGIN PRIVATE KEY-----",
                "client-key-data",
                "current-context: production",
            ],
        ),
        (
            APPSETTINGS,
            vec![
                "Information",
                "Warning",
                "localhost",
                "Server=tcp:db.example.test,1433;Database=shop;User ID=app",
                "https://login.example.test",
                "mail.example.test",
                "587",
                "SharedAccessKeyName=Root",
                "Encrypt=True",
                "DefaultEndpointsProtocol=https;AccountName=shop",
                "core.windows.net",
                "ConnectionStrings",
            ],
        ),
        ("#!/bin/sh\nset -e\necho \"packing the extension\"\n", vec!["set -e", "#!/bin/sh", "packing the extension"]),
        ("machine host.test login alice password hunter\n", vec!["machine host.test login alice password"]),
        ("env:\n- name: DB_PASSWORD\n- name: name\n  value: debugging\n", vec!["debugging"]),
    ] {
        let masks = masks_of_file(content);
        for line in lines {
            assert_eq!(hidden(line, &masks), line, "{content}\n{masks:#?}");
        }
    }
}

#[test]
fn a_secret_is_found_in_whatever_syntax_holds_it() {
    for (text, secret) in [
        ("REGION=x\nWEBHOOK_ID=sk_live_4eC39HqLyjWDarjtT1zdp7dc\n", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("see https://hooks.example.test/T00/4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("apiVersion: v1\nkind: Secret\ndata:\n  shop: aHVudGVyLW9uZQ==\n", "hunter-one"),
        ("stringData:\n  shop: 'hunter-two'\nkind: \"Secret\"\n", "hunter-two"),
        (r#"{"kind":"Secret","data":{"shop":"aHVudGVyLW9uZQ=="}}"#, "hunter-one"),
        ("blob: eyJwYXNzd29yZCI6Imh1bnRlci1vbmUifQ==\n", "hunter-one"),
        ("<key>password</key><string>hunter-one</string>", "hunter-one"),
        ("$x = ConvertTo-SecureString 'hunter-one' -AsPlainText", "hunter-one"),
        ("$x = ConvertTo-SecureString -String \"hunter-one\" -Force", "hunter-one"),
        ("$password = ConvertTo-SecureString 'hunter' -AsPlainText", "hunter"),
        ("setx TOKEN hunter\r\n", "hunter"),
        ("FROM x\nENV DB_PASSWORD hunter\n", "hunter"),
        ("TOKEN: str = \"hunter-one\"", "hunter-one"),
        ("let token: &'static str = \"hunter-one\";", "hunter-one"),
        ("SECRET = r'hunter-one'", "hunter-one"),
        ("ALTER LOGIN x WITH PASSWORD = N'hunter-one';", "hunter-one"),
        ("DBPASS=hunter", "hunter"),
        ("パスワード=hunter", "hunter"),
        ("пароль: hunter", "hunter"),
        ("密码: hunter", "hunter"),
        ("alice\nhunter-one\n", "hunter-one"),
        ("s3cr3t-p4ssw0rd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "s3cr3t-p4ssw0rd"),
    ] {
        let masks = masks_of_file(text);
        assert_eq!(hidden(secret, &masks), "", "{text}: {masks:?}");
    }
    let masks = masks_of_file(
        "kind: Secret\nmetadata:\n  name: shop-production\ndata:\n  x: aHVudGVyLW9uZQ==\n---\nkind: ConfigMap\ndata:\n  \
         host: db.example.test\n",
    );
    for readable in ["shop-production", "db.example.test", "ConfigMap"] {
        assert_eq!(hidden(readable, &masks), readable);
    }
}

#[test]
fn names_without_end_in_one_line_take_no_longer_for_each() {
    for unit in [
        "://a:b@",
        "://a:b/",
        "<key>password</key><string>",
        "<password value=",
        "key=password ",
        "password=a ",
        "password==",
        "\"password=x ",
        "\\\"password=x ",
        "a b=c;",
        "a,",
        "|token|b\n",
        "ENV A ",
        "ENV TOKEN ",
        "login password ",
        "identified by ",
        "x: str = ",
        "${TOKEN:-",
        "auth=Bearer ",
        "curl -u a:bcde;",
        "curl -u a:bcde ",
        "sqlplus a/b@c ",
        "echo a|",
        "a:b1@c.d",
        "$6$abcd$",
        "{SHA}",
        "password\\\n",
        "- --token\n- abcde\n",
        "task.setvariable ",
        "a=1 ",
        "pwd:a,",
        "pwd:a_b,",
        "pwd:{",
        "pwd:|a,",
        "pwd=<<a,",
        "<pwd>a",
        "\"\"pwd=a ",
        "''pwd=a ",
        "'pwd=a ",
        "expect=a ",
        "name=a ",
        "pwd=pwd,",
        "pwd=$(a ",
    ] {
        // A scan for the end of the line runs over the white space around it. The first name of a line may take all of it.
        for [before, around] in [["", ""], ["x ", " "]] {
            // Eight times as much takes sixty-four times as long if each occurrence scans the whole line.
            let time = |size: usize| {
                let [around, units] = [around, unit].map(|text| text.repeat(size / text.len().max(1)));
                time_of(&format!("{around}{before}{units}{around}"))
            };
            let is_linear = || time(24_000) < 24 * time(3_000) + Duration::from_millis(10);
            assert!((0..5).any(|_| is_linear()), "{unit:?} between {around:?}");
        }
    }
}

/// How long it takes to find the masks of an attachment.
fn time_of(content: &str) -> Duration {
    let start = Instant::now();
    masks_of_file(content);
    start.elapsed()
}
