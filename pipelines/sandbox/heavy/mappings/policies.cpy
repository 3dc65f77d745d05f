       01  POLICY.
           05  POL-NR          PIC 9(11)     COMP-3.
           05  POL-NAME        PIC X(40).
           05  POL-DOB         PIC 9(8).
           05  POL-POSTCODE    PIC X(8).
           05  POL-TOWN        PIC X(20).
           05  POL-COUNTRY     PIC X(2).
           05  POL-CARD        PIC X(10).
           05  POL-PREMIUM     PIC S9(15)V99 COMP-3.
